#include "slip/jpeg/markers.h"

#include <algorithm>
#include <cstring>

namespace slip::jpeg {
namespace {

int read16(const std::uint8_t* p) { return p[0] << 8 | p[1]; }

bool stands_alone(std::uint8_t marker) { return marker == kTem || (marker >= kRst0 && marker <= kEoi); }

bool starts_with(Bytes bytes, const char* word, std::size_t length) {
  return bytes.size >= length && std::memcmp(bytes.data, word, length) == 0;
}

}  // namespace

bool Segments::next(Segment& segment) {
  while (!finished_) {
    const auto* end = file_.data + file_.size;
    const auto* p = std::find(file_.data + std::min(position_, file_.size), end, std::uint8_t{0xFF});
    while (p < end && *p == 0xFF) ++p;
    if (p == end) break;
    const std::uint8_t marker = *p++;
    position_ = static_cast<std::size_t>(p - file_.data);
    if (marker == 0) continue;
    segment.marker = marker;
    segment.payload = Bytes{p, 0};
    finished_ = marker == kSos || marker == kEoi;
    if (stands_alone(marker)) return true;
    if (end - p < 2) break;
    const int length = std::max(2, read16(p));  // libjpeg takes less for an empty segment
    if (end - p < length) break;
    segment.payload = Bytes{p + 2, static_cast<std::size_t>(length - 2)};
    position_ += static_cast<std::size_t>(length);
    return true;
  }
  finished_ = true;
  return false;
}

bool is_frame_marker(std::uint8_t marker) {
  return marker >= kSof0 && marker <= kSof15 && marker != kDht && marker != kJpg && marker != kDac;
}

namespace {

Status refuse_process(std::uint8_t marker) {
  switch (marker) {
    case kSof0:
    case kSof1:
    case kSof2:
      return {};
    case 0xC3:
      return {Code::unsupported, "a lossless JPEG"};
    case 0xC9:
    case 0xCA:
      return {Code::unsupported, "an arithmetic-coded JPEG"};
    default:
      return {Code::unsupported, "a hierarchical or lossless JPEG"};
  }
}

}  // namespace

Status parse_frame(const Segment& segment, Frame& frame) {
  if (Status status = refuse_process(segment.marker); !status.ok()) return status;
  const Bytes payload = segment.payload;
  if (payload.size < 6) return {Code::corrupt, "a frame header that is too short"};
  if (payload.data[0] != 8) {
    return {Code::unsupported, "a JPEG of " + std::to_string(payload.data[0]) + " bits a sample, not 8"};
  }
  frame.height = read16(payload.data + 1);
  frame.width = read16(payload.data + 3);
  frame.count = payload.data[5];
  if (frame.height == 0) return {Code::unsupported, "a JPEG whose header gives no height"};
  if (frame.width == 0) return {Code::corrupt, "a width of 0"};
  if (frame.count != 1 && frame.count != 3 && frame.count != 4) {
    return {Code::unsupported, "a JPEG of " + std::to_string(frame.count) + " components, not 1, 3 or 4"};
  }
  if (payload.size != 6 + 3 * static_cast<std::size_t>(frame.count)) {
    return {Code::corrupt, "a frame header of the wrong length"};
  }
  frame.h_max = frame.v_max = 1;
  for (int i = 0; i < frame.count; ++i) {
    const std::uint8_t* p = payload.data + 6 + 3 * i;
    Component& component = frame.component[i];
    component = {p[0], static_cast<std::uint8_t>(p[1] >> 4), static_cast<std::uint8_t>(p[1] & 15), p[2]};
    if (component.h < 1 || component.h > 4 || component.v < 1 || component.v > 4) {
      return {Code::corrupt, "sampling factors outside 1 to 4"};
    }
    frame.h_max = std::max<int>(frame.h_max, component.h);
    frame.v_max = std::max<int>(frame.v_max, component.v);
  }
  frame.marker = segment.marker;
  return {};
}

void ColorMarkers::note(const Segment& segment) {
  if (segment.marker == kApp0 && segment.payload.size >= 14 && starts_with(segment.payload, "JFIF", 5)) {
    jfif = true;
  } else if (segment.marker == kApp14 && segment.payload.size >= 12 &&
             starts_with(segment.payload, "Adobe", 5)) {
    adobe = true;
    adobe_transform = segment.payload.data[11];
  }
}

bool ColorMarkers::three_are_rgb(const Frame& frame) const {
  if (jfif) return false;
  if (adobe) return adobe_transform == 0;
  const Component* c = frame.component;
  return c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
}

Status read_header(Bytes file, Header& header) {
  Segments segments(file);
  Segment segment;
  bool exif = false;
  while (segments.next(segment)) {
    if (is_frame_marker(segment.marker)) {
      if (header.frame.present()) return {Code::corrupt, "a second frame header"};
      if (Status status = parse_frame(segment, header.frame); !status.ok()) return status;
    } else if (segment.marker == kApp1 && !exif && starts_with(segment.payload, "Exif\0", 6)) {
      exif = true;
      header.orientation = exif_orientation(segment.payload);
    } else if (segment.marker == kSos || segment.marker == kEoi) {
      break;
    }
  }
  if (header.frame.present()) return {};
  if (segment.marker == kSos) return {Code::corrupt, "a scan before any frame header"};
  return {Code::truncated, "the JPEG ends before its frame header"};
}

}  // namespace slip::jpeg
