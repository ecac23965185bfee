// Records to component planes of a region.
#include <algorithm>
#include <cstring>
#include <string>

#include "slip/dct/dct.h"
#include "slip/dct/tables.h"
#include "slip/dct/tile_reader.h"
#include "slip/idct.h"
#include "slip/idct_reduced.h"

namespace slip::dct {
namespace {

// The blocks of one component that a region needs, and where they go.
struct Window {
  int x0 = 0, x1 = 0, y0 = 0, y1 = 0;  // blocks
  std::int32_t first = 0;              // position in the row buffer of the window's first block of an MCU row
  std::uint8_t* samples = nullptr;
  std::ptrdiff_t stride = 0;
  int shift = 0;                        // of the plane
  alignas(16) std::uint16_t quant[64];  // natural order

  int columns() const { return x1 - x0; }
  int block() const { return 8 >> shift; }  // samples of the plane along a block's side
};

class PlaneDecoder {
 public:
  PlaneDecoder(const Record& record, const Tables& tables, Arena& arena)
      : record_(record), geometry_(record.geometry), reader_(record, tables), arena_(arena) {}

  Status run(const Rect& region, const Scales& scales, Planes& planes) {
    if (Status s = check(region); !s.ok()) return s;
    reduce(scales);
    open(region);
    place_tiles(region);
    const int pitch = geometry_.tile_mcus * 8 * geometry_.h_max, row_height = 8 * geometry_.v_max;
    const int first = region.x / pitch, last = (region.right() - 1) / pitch;
    const int top = region.y / row_height, bottom = (region.bottom() - 1) / row_height;
    std::uint64_t offset = tile_bytes(record_, 0, top * geometry_.tiles_x);
    for (int row = top; row <= bottom; ++row) {
      const int tile = row * geometry_.tiles_x;
      const std::uint64_t start = offset + tile_bytes(record_, tile, tile + first);
      if (Status s = read_tiles(row, first, last, start); !s.ok()) return s;
      offset += tile_bytes(record_, tile, tile + geometry_.tiles_x);
      transform_row(row);
    }
    describe(planes);
    return {};
  }

 private:
  Status check(const Rect& region) const {
    if (region.x < 0 || region.y < 0 || region.width < 1 || region.height < 1 ||
        region.right() > record_.header.width || region.bottom() > record_.header.height) {
      return Status(Code::corrupt, "dct record: the region is not inside its " +
                                       std::to_string(record_.header.width) + " x " +
                                       std::to_string(record_.header.height) + " pixels");
    }
    if (tile_bytes(record_, 0, geometry_.tile_count()) == record_.payload.size) return {};
    return Status(Code::corrupt, "dct record: its tiles do not add up to its payload");
  }

  void reduce(const Scales& scales) {
    int ratio_x[3], ratio_y[3];
    for (int k = 0; k < geometry_.components; ++k) {
      ratio_x[k] = geometry_.h_max / geometry_.component[k].h;
      ratio_y[k] = geometry_.v_max / geometry_.component[k].v;
    }
    const Reduction reduction = reduction_for(scales, geometry_.components, ratio_x, ratio_y);
    for (int k = 0; k < geometry_.components; ++k) window_[k].shift = reduction.shift[k];
  }

  void open(const Rect& region) {
    std::int32_t blocks = 0;
    for (int k = 0; k < geometry_.components; ++k) {
      const ComponentGeometry& c = geometry_.component[k];
      Window& w = window_[k];
      w.x0 = region.x * c.h / geometry_.h_max / 8;
      w.y0 = region.y * c.v / geometry_.v_max / 8;
      w.x1 = std::min(c.blocks_x, (region.right() * c.h + 8 * geometry_.h_max - 1) / (8 * geometry_.h_max));
      w.y1 = std::min(c.blocks_y, (region.bottom() * c.v + 8 * geometry_.v_max - 1) / (8 * geometry_.v_max));
      w.first = blocks;
      blocks += c.v * w.columns();
      w.stride = (w.block() * w.columns() + 63) & ~63;
      w.samples = arena_.take_array<std::uint8_t>(static_cast<std::size_t>(w.stride) *
                                                  static_cast<std::size_t>(w.block()) *
                                                  static_cast<std::size_t>(w.y1 - w.y0));
      const std::uint8_t* steps = record_.quant + 64 * record_.header.component[k].quant;
      for (int i = 0; i < 64; ++i) w.quant[kNaturalOfZigzag[i]] = steps[i];
    }
    coefficients_ = arena_.take_array<std::int16_t>(64 * static_cast<std::size_t>(blocks));
    extents_ = arena_.take_array<std::uint8_t>(static_cast<std::size_t>(blocks));
  }

  void place_tiles(const Rect& region) {
    const int pitch = geometry_.tile_mcus * 8 * geometry_.h_max, count = reader_.layout().count;
    const int first = region.x / pitch, last = (region.right() - 1) / pitch;
    positions_ = arena_.take_array<std::int32_t>(static_cast<std::size_t>((last - first + 1) * count));
    for (int column = first; column <= last; ++column)
      place_blocks(column, positions_ + (column - first) * count);
  }

  // The tiles [first, last] of a row, two at a time where both are whole.
  Status read_tiles(int row, int first, int last, std::uint64_t offset) {
    Tile tiles[2];
    const std::int32_t* position = positions_;
    for (int column = first; column <= last;) {
      const int mcus = geometry_.mcus_of(column);
      const int count = column < last && geometry_.mcus_of(column + 1) == mcus ? 2 : 1;
      for (int t = 0; t < count; ++t) {
        tiles[t] = {offset,
                    record_.tile_size(row * geometry_.tiles_x + column + t),
                    {coefficients_, extents_, position, reader_.components()}};
        offset += tiles[t].size;
        position += reader_.layout().count;
      }
      column += count;
      if (column <= last) prefetch(offset, row * geometry_.tiles_x + column, std::min(2, last + 1 - column));
      if (Status s = reader_.read(tiles, count, mcus); !s.ok()) return s;
    }
    return {};
  }

  // Records come from a map: their next tiles had better be on the way while these are decoded.
  void prefetch(std::uint64_t offset, int tile, int count) const {
    const std::uint64_t end = offset + tile_bytes(record_, tile, tile + count);
    for (std::uint64_t at = offset; at < end && at < record_.payload.size; at += 64) {
      __builtin_prefetch(record_.payload.data + at);
    }
  }

  // Where the blocks of a tile go in the row buffer, in every row of tiles. Rows of blocks that the window
  // does not show are decoded with the others and never transformed.
  void place_blocks(int column, std::int32_t* position) const {
    for (int i = 0; i < reader_.layout().count; ++i) {
      const TileBlock& at = reader_.layout().block[i];
      const Window& w = window_[at.component];
      const ComponentGeometry& c = geometry_.component[at.component];
      const int x = column * geometry_.tile_mcus * c.h + at.x;
      position[i] = x >= w.x0 && x < w.x1 ? w.first + at.y * w.columns() + (x - w.x0) : -1;
    }
  }

  void transform_row(int row) {
    for (int k = 0; k < geometry_.components; ++k) {
      const Window& w = window_[k];
      const int rows = geometry_.component[k].v;
      for (int y = std::max(w.y0, row * rows); y < std::min(w.y1, (row + 1) * rows); ++y) {
        const std::int32_t first = w.first + (y - row * rows) * w.columns();
        const std::int16_t* coefficients = coefficients_ + std::ptrdiff_t{64} * first;
        std::uint8_t* samples = w.samples + w.block() * (y - w.y0) * w.stride;
        if (w.shift > 0) {
          idct_row_reduced(coefficients, w.columns(), w.quant, w.shift, samples, w.stride);
        } else {
          idct_row(coefficients, extents_ + first, w.columns(), w.quant, samples, w.stride);
        }
      }
    }
  }

  void describe(Planes& planes) const {
    planes = Planes();
    planes.model = record_.header.model;
    planes.count = geometry_.components;
    planes.width = record_.header.width;
    planes.height = record_.header.height;
    planes.h_max = geometry_.h_max;
    planes.v_max = geometry_.v_max;
    for (int k = 0; k < geometry_.components; ++k) {
      const ComponentGeometry& c = geometry_.component[k];
      const Window& w = window_[k];
      Plane& plane = planes.plane[k];
      plane.data = w.samples;
      plane.stride = w.stride;
      plane.full_width = c.width;
      plane.full_height = c.height;
      plane.h = c.h;
      plane.v = c.v;
      plane.shift = w.shift;
      plane.region = reduced({8 * w.x0, 8 * w.y0, std::min(8 * w.x1, c.width) - 8 * w.x0,
                              std::min(8 * w.y1, c.height) - 8 * w.y0},
                             w.shift);
    }
  }

  const Record& record_;
  const Geometry& geometry_;
  TileReader reader_;
  Arena& arena_;
  Window window_[3];
  std::int16_t* coefficients_ = nullptr;  // one MCU row of the window
  std::uint8_t* extents_ = nullptr;
  std::int32_t* positions_ = nullptr;  // [touched tiles of a row][blocks of a tile]
};

}  // namespace

Status read_dct_info(Bytes bytes, Info& info) {
  Record record;
  if (Status s = parse_record(bytes, record); !s.ok()) return s;
  info.encoding = Encoding::dct;
  info.orientation = record.header.orientation;
  info.width = record.header.width;
  info.height = record.header.height;
  return {};
}

Status decode_dct_planes(Bytes bytes, const Rect& region, Arena& arena, Planes& planes,
                         const Scales& scales) {
  Record record;
  if (Status s = parse_record(bytes, record); !s.ok()) return s;
  TablesPtr tables;
  if (Status s = tables_of(record.header, tables); !s.ok()) return s;
  return PlaneDecoder(record, *tables, arena).run(region, scales, planes);
}

}  // namespace slip::dct
