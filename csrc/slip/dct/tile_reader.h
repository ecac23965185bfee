// Reads tiles of one record, whatever its packing.
#pragma once

#include <cstdint>

#include "slip/dct/record.h"
#include "slip/dct/tables.h"
#include "slip/dct/tile_kernels.h"
#include "slip/status.h"

namespace slip::dct {

// A tile at [offset, offset + size) of the payload, and where its blocks go; target.block and
// target.component hold an entry per block.
struct Tile {
  std::uint64_t offset;
  std::uint32_t size;
  TileTarget target;
};

class TileReader {
 public:
  // `record` and `tables` must outlive the reader; the tables are of the record's packing.
  TileReader(const Record& record, const Tables& tables);

  const TileLayout& layout() const { return layout_; }
  const std::uint8_t* components() const { return component_; }

  // Decodes one or two tiles of `mcus` MCUs each.
  Status read(const Tile* tiles, int count, int mcus) const;

 private:
  bool compact_heads(const Tile* tiles, int count, int blocks, Head (*heads)[kMaxTileBlocks]) const;
  bool wide_heads(const Tile& tile, int blocks, Head* heads) const;

  const Record& record_;
  const DecodeTables& tables_;
  const TileKernels& kernels_;
  TileLayout layout_;
  std::uint8_t component_[kMaxTileBlocks];
  std::uint8_t class_[kMaxTileBlocks];
};

}  // namespace slip::dct
