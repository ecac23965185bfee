#include "slip/record.h"

#include <cstring>
#include <string>

namespace slip {
namespace {

constexpr std::uint8_t kMagic[4] = {0x93, 'S', 'L', 'P'};

std::uint32_t read32(const std::uint8_t* p) {
  return p[0] | std::uint32_t{p[1]} << 8 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[3]} << 24;
}

void write32(std::uint8_t* p, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) p[i] = static_cast<std::uint8_t>(value >> (8 * i));
}

Status corrupt(const char* field, unsigned value) {
  return {Code::corrupt, std::string("a record header with ") + field + " " + std::to_string(value)};
}

bool allowed(Encoding encoding, ColorModel model) {
  if (encoding == Encoding::rgb) return model == ColorModel::rgb;
  return model == ColorModel::ycbcr || model == ColorModel::gray;
}

}  // namespace

bool is_record(Bytes bytes) {
  return bytes.size >= sizeof kMagic && std::memcmp(bytes.data, kMagic, sizeof kMagic) == 0;
}

Status parse_record_header(Bytes record, RecordHeader& header) {
  if (!is_record(record)) return {Code::not_an_image, "bytes without the magic of a record"};
  if (record.size < kRecordHeaderSize) return {Code::truncated, "a record that ends inside its header"};
  const std::uint8_t* p = record.data;
  if (p[4] != kRecordVersion) return {Code::unsupported, "a record of version " + std::to_string(p[4])};
  if (p[5] < 1 || p[5] > 4) return corrupt("encoding", p[5]);
  if (p[7] < 1 || p[7] > 8) return corrupt("orientation", p[7]);
  const std::uint32_t width = read32(p + 8), height = read32(p + 12);
  constexpr std::uint32_t kMax = 1u << 24;
  if (width == 0 || width > kMax) return corrupt("width", width);
  if (height == 0 || height > kMax) return corrupt("height", height);
  header = {static_cast<Encoding>(p[5]), p[6], p[7], static_cast<int>(width), static_cast<int>(height)};
  return {};
}

void write_record_header(const RecordHeader& header, std::uint8_t out[kRecordHeaderSize]) {
  std::memcpy(out, kMagic, sizeof kMagic);
  out[4] = kRecordVersion;
  out[5] = static_cast<std::uint8_t>(header.encoding);
  out[6] = header.detail;
  out[7] = header.orientation;
  write32(out + 8, static_cast<std::uint32_t>(header.width));
  write32(out + 12, static_cast<std::uint32_t>(header.height));
}

Status read_plane_record(Bytes record, Planes& planes) {
  RecordHeader header;
  if (Status status = parse_record_header(record, header); !status.ok()) return status;
  const auto model = static_cast<ColorModel>(header.detail);
  if (header.encoding == Encoding::dct || !allowed(header.encoding, model))
    return corrupt("detail", header.detail);
  const int chroma = header.encoding == Encoding::yuv420 && model != ColorModel::gray ? 2 : 1;
  planes.model = model;
  planes.count = model == ColorModel::gray ? 1 : 3;
  planes.width = header.width;
  planes.height = header.height;
  planes.h_max = planes.v_max = chroma;
  std::uint64_t offset = kRecordHeaderSize;
  for (int c = 0; c < planes.count; ++c) {
    const int factor = c == 0 ? chroma : 1;
    const int width = (header.width * factor + chroma - 1) / chroma;
    const int height = (header.height * factor + chroma - 1) / chroma;
    const std::uint64_t size = std::uint64_t{static_cast<unsigned>(width)} * static_cast<unsigned>(height);
    if (offset + size + kSlack > record.size) {
      return {Code::truncated,
              "a record of " + std::to_string(record.size) + " bytes, too short for its size"};
    }
    planes.plane[c] = {record.data + offset, width, {0, 0, width, height}, width, height, factor, factor};
    offset += size;
  }
  return {};
}

}  // namespace slip
