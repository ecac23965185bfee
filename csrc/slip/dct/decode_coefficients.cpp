// Records to coefficients: everything that a JPEG is made of.
#include <algorithm>
#include <new>

#include "slip/dct/dct.h"
#include "slip/dct/tables.h"
#include "slip/dct/tile_reader.h"

namespace slip::dct {
namespace {

Status corrupt(const char* why) { return Status(Code::corrupt, why); }

// Marker segments of application data, one after the other, nothing else.
bool are_segments(Bytes bytes) {
  std::size_t at = 0;
  while (at < bytes.size) {
    if (bytes.size - at < 4) return false;
    const std::uint8_t* p = bytes.data + at;
    const std::size_t length = static_cast<std::size_t>(p[2]) << 8 | p[3];
    if (p[0] != 0xff || p[1] < 0xe0 || p[1] > 0xef || length < 2 || bytes.size - at < 2 + length)
      return false;
    at += 2 + length;
  }
  return true;
}

void take_header(const Record& record, Coefficients& out) {
  const Header& header = record.header;
  out.width = header.width;
  out.height = header.height;
  out.model = header.model;
  out.orientation = header.orientation;
  out.adobe = header.adobe;
  out.components = header.components;
  std::copy(header.component, header.component + 3, out.component);
  out.quant_tables = header.quant_tables;
  for (int t = 0; t < header.quant_tables; ++t) {
    std::copy_n(record.quant + 64 * t, 64, out.quant[static_cast<std::size_t>(t)].begin());
  }
  out.segments.assign(record.segments.data, record.segments.data + record.segments.size);
}

// Decodes into one tile's own buffer, then copies the blocks that the image has.
class CoefficientDecoder {
 public:
  CoefficientDecoder(const Record& record, const Tables& tables, Coefficients& out)
      : geometry_(record.geometry), reader_(record, tables), out_(out) {
    for (int i = 0; i < kMaxTileBlocks; ++i) position_[i] = i;
  }

  Status read(std::uint64_t offset, std::uint32_t size, int row, int column) {
    const int mcus = geometry_.mcus_of(column);
    const Tile tile{offset, size, {coefficients_, nullptr, position_, reader_.components()}};
    if (Status s = reader_.read(&tile, 1, mcus); !s.ok()) return s;
    for (int i = 0; i < mcus * geometry_.mcu_blocks; ++i) {
      const TileBlock& at = reader_.layout().block[i];
      const ComponentGeometry& c = geometry_.component[at.component];
      const int x = column * geometry_.tile_mcus * c.h + at.x, y = row * c.v + at.y;
      if (x >= c.blocks_x || y >= c.blocks_y) continue;
      const auto block =
          static_cast<std::size_t>(y) * static_cast<std::size_t>(c.blocks_x) + static_cast<std::size_t>(x);
      std::copy_n(coefficients_ + 64 * i, 64, out_.blocks[at.component].data() + 64 * block);
    }
    return {};
  }

 private:
  const Geometry& geometry_;
  TileReader reader_;
  Coefficients& out_;
  std::int32_t position_[kMaxTileBlocks];
  alignas(32) std::int16_t coefficients_[64 * kMaxTileBlocks];
};

Status read_tiles(const Record& record, const Tables& tables, Coefficients& out) {
  const Geometry& g = record.geometry;
  for (int k = 0; k < g.components; ++k) {
    const ComponentGeometry& c = g.component[k];
    out.blocks[k].assign(64 * static_cast<std::size_t>(c.blocks_x) * static_cast<std::size_t>(c.blocks_y), 0);
  }
  CoefficientDecoder decoder(record, tables, out);
  std::uint64_t offset = 0;
  int tile = 0;
  for (int row = 0; row < g.mcus_y; ++row) {
    for (int column = 0; column < g.tiles_x; ++column, ++tile) {
      const std::uint32_t size = record.tile_size(tile);
      if (Status s = decoder.read(offset, size, row, column); !s.ok()) return s;
      offset += size;
    }
  }
  if (offset != record.payload.size) return corrupt("dct record: its tiles do not add up to its payload");
  return {};
}

}  // namespace

Status decode_coefficients(Bytes bytes, Coefficients& out) {
  Record record;
  if (Status s = parse_record(bytes, record); !s.ok()) return s;
  if (Status s = check_crc(record); !s.ok()) return s;
  TablesPtr tables;
  if (Status s = tables_of(record.header, tables); !s.ok()) return s;
  if (!are_segments(record.segments)) return corrupt("dct record: its kept marker segments are damaged");
  try {
    out = Coefficients();
    take_header(record, out);
    return read_tiles(record, *tables, out);
  } catch (const std::bad_alloc&) {
    return Status(Code::out_of_memory, "no memory for its coefficients");
  }
}

}  // namespace slip::dct
