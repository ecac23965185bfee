#include "slip/jpeg/scan.h"

#include <numeric>

#include "slip/idct.h"
#include "slip/jpeg/mcu.h"

namespace slip::jpeg {
namespace {

// Each reader returns false where the segment is malformed.

bool read_quant_tables(Bytes payload, Scan& scan) {
  const std::uint8_t* p = payload.data;
  const std::uint8_t* end = p + payload.size;
  while (p < end) {
    const int precision = *p >> 4, id = *p & 15;
    ++p;
    const int width = precision + 1;
    if (precision > 1 || id > 3 || end - p < 64 * width) return false;
    for (int i = 0; i < 64; ++i, p += width) {
      scan.quant[id][kNaturalOfZigzag[i]] =
          precision == 0 ? p[0] : static_cast<std::uint16_t>(p[0] << 8 | p[1]);
    }
    scan.has_quant[id] = true;
  }
  return true;
}

bool read_huffman_tables(Bytes payload, Scan& scan) {
  const std::uint8_t* p = payload.data;
  const std::uint8_t* end = p + payload.size;
  while (p < end) {
    if (end - p < 17) return false;
    const int kind = *p >> 4, id = *p & 15;
    ++p;
    const int symbols = std::accumulate(p, p + 16, 0);
    if (kind > 1 || id > 3 || symbols > 256 || end - p < 16 + symbols) return false;
    (kind == 0 ? scan.dc : scan.ac)[id] = {p, static_cast<std::size_t>(symbols)};
    p += 16 + symbols;
  }
  return true;
}

// Only a scan of all components, in the frame's order, over the full range of coefficients.
bool read_scan_header(Bytes payload, Scan& scan) {
  const Frame& frame = scan.frame;
  const auto count = static_cast<std::size_t>(frame.count);
  if (payload.size != 4 + 2 * count || payload.data[0] != frame.count) return false;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* p = payload.data + 1 + 2 * i;
    const int dc = p[1] >> 4, ac = p[1] & 15;
    if (p[0] != frame.component[i].id || dc > 3 || ac > 3) return false;
    if (scan.dc[dc].data == nullptr || scan.ac[ac].data == nullptr) return false;
    scan.dc_table[i] = dc;
    scan.ac_table[i] = ac;
  }
  const std::uint8_t* range = payload.data + 1 + 2 * count;
  return range[0] == 0 && range[1] == 63 && range[2] == 0;
}

bool read_frame(const Segment& segment, Scan& scan) {
  if (scan.frame.present() || !parse_frame(segment, scan.frame).ok()) return false;
  Frame& frame = scan.frame;
  if (frame.marker == kSof2 || (frame.count != 1 && frame.count != 3)) return false;
  if (frame.count == 1) frame.component[0].h = frame.component[0].v = 1;
  if (frame.count == 1) frame.h_max = frame.v_max = 1;
  int blocks = 0;
  for (int c = 0; c < frame.count; ++c) {
    const Component& component = frame.component[c];
    blocks += component.h * component.v;
    for (int other = 0; other < c; ++other) {
      if (frame.component[other].id == component.id) return false;
    }
  }
  return blocks <= kMaxBlocksInMcu;
}

bool complete(const Scan& scan) {
  for (int c = 0; c < scan.frame.count; ++c) {
    const int quant = scan.frame.component[c].quant;
    if (quant > 3 || !scan.has_quant[quant]) return false;
  }
  return true;
}

}  // namespace

bool read_scan(Bytes file, Scan& scan) {
  Segments segments(file);
  Segment segment;
  ColorMarkers color;
  while (segments.next(segment)) {
    bool valid = true;
    switch (segment.marker) {
      case kDqt:
        valid = read_quant_tables(segment.payload, scan);
        break;
      case kDht:
        valid = read_huffman_tables(segment.payload, scan);
        break;
      case kDri:
        valid = segment.payload.size == 2;
        if (valid) scan.restart_interval = segment.payload.data[0] << 8 | segment.payload.data[1];
        break;
      case kSos:
        scan.position = segments.position();
        if (!scan.frame.present() || !read_scan_header(segment.payload, scan) || !complete(scan))
          return false;
        scan.model = scan.frame.count == 1             ? ColorModel::gray
                     : color.three_are_rgb(scan.frame) ? ColorModel::rgb
                                                       : ColorModel::ycbcr;
        return true;
      default:
        if (is_frame_marker(segment.marker))
          valid = read_frame(segment, scan);
        else if (segment.marker >= kApp0 || segment.marker == 0xFE)
          color.note(segment);
        else
          valid = false;
    }
    if (!valid) return false;
  }
  return false;
}

}  // namespace slip::jpeg
