#include "slip/dct/record.h"

#include <string>

#include "slip/crc32c.h"
#include "slip/dct/bytes_io.h"
#include "slip/record.h"

namespace slip::dct {
namespace {

constexpr std::size_t kSizeAt = 16, kCrcAt = 20;
constexpr std::uint32_t kMaxSide = 65500;  // libjpeg's

Status corrupt(std::string why) { return Status(Code::corrupt, "dct record: " + std::move(why)); }

// Everything in front of the dct header's own fields.
Status check_start(Bytes bytes) {
  if (bytes.size == 0) return {Code::empty, "no bytes at all"};
  RecordHeader start;
  if (Status s = parse_record_header(bytes, start); !s.ok()) return s;
  if (start.encoding != Encoding::dct) return {Code::not_an_image, "not a dct record"};
  if (bytes.size < kFixedHeader + kTail) {
    return {Code::truncated, "dct record: " + std::to_string(bytes.size) + " bytes are less than a header"};
  }
  const std::uint32_t size = load_u32(bytes.data + kSizeAt);
  if (size > bytes.size) {
    return {Code::truncated,
            "dct record: " + std::to_string(bytes.size) + " of " + std::to_string(size) + " bytes"};
  }
  if (size < bytes.size)
    return corrupt("its size field says " + std::to_string(size) + ", it has " + std::to_string(bytes.size) +
                   " bytes");
  return {};
}

Status read_header(const std::uint8_t* p, Header& header) {
  if (p[6] > 1) return corrupt("unknown packing " + std::to_string(p[6]));
  header.packing = static_cast<Packing>(p[6]);
  header.orientation = p[7];
  const std::uint32_t width = load_u32(p + 8), height = load_u32(p + 12);
  if (width < 1 || width > kMaxSide || height < 1 || height > kMaxSide) {
    return corrupt("impossible size " + std::to_string(width) + " x " + std::to_string(height));
  }
  header.width = static_cast<int>(width);
  header.height = static_cast<int>(height);
  header.tables = load_u64(p + 24);
  header.components = p[32];
  if (p[33] > 2) return corrupt("unknown colour model " + std::to_string(p[33]));
  header.model = static_cast<ColorModel>(p[33]);
  if ((header.model == ColorModel::gray ? 1 : 3) != header.components)
    return corrupt("components do not fit the colour model");
  header.adobe = p[34];
  header.tile_mcus = p[35];
  if (header.tile_mcus < 1 || header.tile_mcus > kMaxTileMcus)
    return corrupt("tile width " + std::to_string(p[35]));
  header.index_bits = p[36];
  if (header.index_bits < 1 || header.index_bits > 32)
    return corrupt("index entries of " + std::to_string(p[36]) + " bits");
  header.quant_tables = p[37];
  if (header.quant_tables < 1 || header.quant_tables > kMaxQuantTables)
    return corrupt("number of quantisation tables");
  return {};
}

Status read_components(const std::uint8_t* p, Header& header) {
  int h[3] = {1, 1, 1}, v[3] = {1, 1, 1};
  for (int k = 0; k < header.components; ++k, p += 4) {
    ComponentHeader& c = header.component[k];
    c.id = p[0];
    c.h = p[1] >> 4;
    c.v = p[1] & 15;
    c.quant = p[2];
    h[k] = c.h;
    v[k] = c.v;
    if (c.quant >= header.quant_tables) return corrupt("a component without its quantisation table");
  }
  if (!is_known_sampling(header.components, h, v)) return corrupt("unknown sampling");
  if (header.model == ColorModel::rgb && (h[0] != 1 || v[0] != 1)) return corrupt("subsampled RGB");
  return {};
}

std::size_t index_bytes(std::size_t tiles, int bits) {
  return (tiles * static_cast<std::size_t>(bits) + 7) / 8;
}

int bits_of_longest(const std::vector<std::uint32_t>& lengths) {
  std::uint32_t all = 1;
  for (const std::uint32_t length : lengths) all |= length;
  int bits = 0;
  for (; all != 0; all >>= 1) ++bits;
  return bits;
}

void append_index(std::vector<std::uint8_t>& out, const std::vector<std::uint32_t>& lengths, int bits) {
  std::uint64_t held = 0;
  int count = 0;
  for (const std::uint32_t length : lengths) {
    held |= static_cast<std::uint64_t>(length) << count;
    for (count += bits; count >= 8; count -= 8, held >>= 8) out.push_back(static_cast<std::uint8_t>(held));
  }
  if (count > 0) out.push_back(static_cast<std::uint8_t>(held));
}

Geometry geometry_of(const Header& header) {
  int h[3], v[3];
  for (int k = 0; k < header.components; ++k) {
    h[k] = header.component[k].h;
    v[k] = header.component[k].v;
  }
  return make_geometry(header.width, header.height, header.components, h, v, header.tile_mcus);
}

}  // namespace

Status parse_record(Bytes bytes, Record& record) {
  if (Status s = check_start(bytes); !s.ok()) return s;
  const std::uint8_t* p = bytes.data;
  Header& header = record.header;
  if (Status s = read_header(p, header); !s.ok()) return s;
  if (Status s = read_components(p + 48, header); !s.ok()) return s;
  record.geometry = geometry_of(header);

  const std::uint64_t quant_size = std::uint64_t{64} * static_cast<std::uint64_t>(header.quant_tables);
  const std::uint64_t index_size =
      index_bytes(static_cast<std::size_t>(record.geometry.tile_count()), header.index_bits);
  const std::uint64_t segments = load_u32(p + 40), payload = load_u32(p + 44);
  if (kFixedHeader + quant_size + index_size + segments + payload + kTail != bytes.size) {
    return corrupt("its parts do not add up to its size");
  }
  record.whole = bytes;
  record.quant = p + kFixedHeader;
  record.index = record.quant + quant_size;
  record.segments = Bytes{record.index + index_size, static_cast<std::size_t>(segments)};
  record.payload = Bytes{record.segments.data + segments, static_cast<std::size_t>(payload)};
  for (std::uint64_t i = 0; i < quant_size; ++i) {
    if (record.quant[i] == 0) return corrupt("a quantisation step of 0");
  }
  return {};
}

std::uint64_t tile_bytes(const Record& record, int first, int last) {
  std::uint64_t sum = 0;
  for (int tile = first; tile < last; ++tile) sum += record.tile_size(tile);
  return sum;
}

std::vector<std::uint8_t> build_record(Header header, const std::uint8_t* quant,
                                       const std::vector<std::uint8_t>& segments,
                                       const std::vector<std::uint32_t>& lengths,
                                       const std::vector<std::uint8_t>& payload) {
  header.index_bits = bits_of_longest(lengths);
  const auto quant_size = static_cast<std::size_t>(64 * header.quant_tables);
  std::vector<std::uint8_t> out(kFixedHeader, 0);
  const std::size_t size = kFixedHeader + quant_size + index_bytes(lengths.size(), header.index_bits) +
                           segments.size() + payload.size() + kTail;
  out.reserve(size);
  std::uint8_t* p = out.data();
  write_record_header({Encoding::dct, static_cast<std::uint8_t>(header.packing), header.orientation,
                       header.width, header.height},
                      p);
  store_le(p + kSizeAt, static_cast<std::uint32_t>(size));
  store_le(p + 24, header.tables);
  p[32] = static_cast<std::uint8_t>(header.components);
  p[33] = static_cast<std::uint8_t>(header.model);
  p[34] = header.adobe;
  p[35] = static_cast<std::uint8_t>(header.tile_mcus);
  p[36] = static_cast<std::uint8_t>(header.index_bits);
  p[37] = static_cast<std::uint8_t>(header.quant_tables);
  store_le(p + 40, static_cast<std::uint32_t>(segments.size()));
  store_le(p + 44, static_cast<std::uint32_t>(payload.size()));
  for (int k = 0; k < header.components; ++k) {
    const ComponentHeader& c = header.component[k];
    p[48 + 4 * k] = c.id;
    p[49 + 4 * k] = static_cast<std::uint8_t>(c.h << 4 | c.v);
    p[50 + 4 * k] = c.quant;
  }
  out.insert(out.end(), quant, quant + quant_size);
  append_index(out, lengths, header.index_bits);
  out.insert(out.end(), segments.begin(), segments.end());
  out.insert(out.end(), payload.begin(), payload.end());
  out.resize(size, 0);
  store_le(out.data() + kCrcAt, record_crc(Bytes{out.data(), out.size()}));
  return out;
}

std::uint32_t record_crc(Bytes bytes) {
  return crc32c(Bytes{bytes.data + kCrcAt + 4, bytes.size - kCrcAt - 4}, crc32c(Bytes{bytes.data, kCrcAt}));
}

Status check_crc(const Record& record) {
  if (load_u32(record.whole.data + kCrcAt) != record_crc(record.whole))
    return corrupt("its checksum does not match its bytes");
  return {};
}

}  // namespace slip::dct
