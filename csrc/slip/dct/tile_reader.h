// Reads tiles of one record, whatever its packing.
#pragma once

#include <cstdint>

#include "slip/dct/record.h"
#include "slip/dct/tables.h"
#include "slip/dct/tile_kernels.h"
#include "slip/status.h"

namespace slip::dct {

class TileReader {
 public:
  // `record` and `tables` must outlive the reader; the tables are of the record's packing.
  TileReader(const Record& record, const Tables& tables);

  const TileLayout& layout() const { return layout_; }
  const std::uint8_t* components() const { return component_; }

  // Decodes the tile of `mcus` MCUs at [offset, offset + size) of the payload; target.block and
  // target.component hold an entry per block.
  Status read(std::uint64_t offset, std::uint32_t size, int mcus, const TileTarget& target) const;

 private:
  bool compact_heads(const std::uint8_t* tile, std::uint32_t size, int count, Head* heads) const;
  bool wide_heads(const std::uint8_t* tile, std::uint32_t size, int count, Head* heads) const;

  const Record& record_;
  const DecodeTables& tables_;
  const TileKernels& kernels_;
  TileLayout layout_;
  std::uint8_t component_[kMaxTileBlocks];
  std::uint8_t class_[kMaxTileBlocks];
};

}  // namespace slip::dct
