// The two steps of decoding a tile, for every instruction set: heads, then coefficients.
#pragma once

#include <cstdint>

#include "slip/dct/format.h"
#include "slip/dct/tables.h"

namespace slip::dct {

// What the head of a block says.
struct Head {
  std::uint64_t widths;    // bytes of each group's payload: its width, or 1 for a codebook index
  std::uint32_t offset;    // of the block's first group, from the tile's start
  std::int16_t extension;  // of the DC difference
  std::uint8_t codebook;   // bit g: group g is a codebook index
  std::uint8_t reserved;
};

// Where the coefficients of a tile's blocks go.
struct TileTarget {
  std::int16_t* coefficients;     // [...][64], 32-byte aligned
  std::uint8_t* extents;          // [...] as idct_row takes them, or null
  const std::int32_t* block;      // [count] position in both, -1 for a block that is not needed
  const std::uint8_t* component;  // [count]
};

// The heads of one tile, which lie backwards from `end`.
struct HeadsJob {
  const std::uint8_t* end;
  std::uint32_t size;  // of the tile, which heads and groups must fill exactly
  Head* heads;         // [count] result
};

struct TileKernels {
  // Reads the heads of one or two tiles of `count` blocks each; heads_margin(count) bytes before `end` must
  // be readable. False where they do not fit the tile.
  bool (*compact_heads)(const HeadsJob* jobs, int tiles, const std::uint8_t* classes, int count,
                        const DecodeTables& tables);
  // Unpacks blocks whose payload is known to lie within readable memory, kTail bytes before its end.
  void (*unpack)(const std::uint8_t* tile, const Head* heads, int count, const std::uint64_t* codebook,
                 const TileTarget& target);
};

// The most bytes that reading the heads of `count` blocks backwards can touch.
constexpr int heads_margin(int count) { return 12 * count + 24; }

extern const TileKernels kPortableTileKernels;
#ifdef SLIP_X86
extern const TileKernels kAvx2TileKernels;
#endif

// Those of simd_level().
const TileKernels& tile_kernels();

}  // namespace slip::dct
