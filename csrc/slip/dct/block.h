// A block as the record stores it: groups of eight zigzag coefficients, each at its own width.
#pragma once

#include <cstdint>

#include "slip/dct/coefficients.h"

namespace slip::dct {

struct Block {
  std::int16_t z[64];  // zigzag order; z[0] is the part of the DC difference that fits in width[0] bits
  std::uint8_t width[8];
  std::int16_t extension = 0;  // the DC difference is z[0] + extension * 2^width[0]

  int dc_difference() const { return z[0] + extension * (1 << width[0]); }
  // Splits the difference anew, for the present width[0].
  void set_dc_difference(int difference);
};

// The widths of groups 0-7, four bits each.
std::uint32_t pack_widths(const std::uint8_t* width);
// Gives every group the width that `widths` says; it must hold the values.
void widen_block(Block& block, std::uint32_t widths);

// `natural`: 64 coefficients in natural order; `dc_before`: the DC of the component's previous block in the
// tile.
Block split_block(const std::int16_t* natural, int dc_before);

// Group g as eight packed 4-bit values; its width must be at most kMaxCodebookWidth.
std::uint32_t pack_vector(const Block& block, int g);

// Calls visit(block, component) for every block of a tile in stored order. Blocks outside the image repeat
// the DC before them and have no other coefficients.
template <class Visit>
void for_each_block(const Coefficients& in, const Geometry& geometry, const TileLayout& layout, int row,
                    int column, Visit&& visit) {
  static const std::int16_t kNoCoefficients[64] = {};
  int dc[3] = {0, 0, 0};
  const int count = geometry.mcus_of(column) * geometry.mcu_blocks;
  for (int i = 0; i < count; ++i) {
    const TileBlock& at = layout.block[i];
    const ComponentGeometry& c = geometry.component[at.component];
    const int x = column * geometry.tile_mcus * c.h + at.x, y = row * c.v + at.y;
    if (x >= c.blocks_x || y >= c.blocks_y) {
      visit(split_block(kNoCoefficients, 0), int{at.component});
      continue;
    }
    const std::size_t position =
        static_cast<std::size_t>(y) * static_cast<std::size_t>(c.blocks_x) + static_cast<std::size_t>(x);
    const std::int16_t* natural = in.blocks[at.component].data() + 64 * position;
    visit(split_block(natural, dc[at.component]), int{at.component});
    dc[at.component] = natural[0];
  }
}

// The statistics class of a component: see kClasses.
inline int class_of(ColorModel model, int component) {
  return model == ColorModel::ycbcr && component > 0 ? 1 : 0;
}

}  // namespace slip::dct
