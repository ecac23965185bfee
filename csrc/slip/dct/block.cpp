#include "slip/dct/block.h"

#include "slip/idct.h"

namespace slip::dct {
namespace {

// The least number of bits, sign included, that holds all values; 0 where all are zero.
int width_of(const std::int16_t* values, int count) {
  int magnitude = 0, any = 0;
  for (int i = 0; i < count; ++i) {
    magnitude |= values[i] ^ (values[i] >> 15);
    any |= values[i];
  }
  int width = any != 0 ? 1 : 0;
  for (; magnitude != 0; magnitude >>= 1) ++width;
  return width;
}

}  // namespace

Block split_block(const std::int16_t* natural, int dc_before) {
  Block block;
  for (int i = 0; i < 64; ++i) block.z[i] = natural[kNaturalOfZigzag[i]];
  block.width[0] = static_cast<std::uint8_t>(width_of(block.z + 1, 7));
  for (int g = 1; g < 8; ++g) block.width[g] = static_cast<std::uint8_t>(width_of(block.z + 8 * g, 8));

  block.set_dc_difference(block.z[0] - dc_before);
  return block;
}

void Block::set_dc_difference(int difference) {
  const int w = width[0];
  const int half = w == 0 ? 0 : 1 << (w - 1);
  const int slot = ((difference + half) & ((1 << w) - 1)) - half;
  z[0] = static_cast<std::int16_t>(slot);
  extension = static_cast<std::int16_t>((difference - slot) >> w);
}

std::uint32_t pack_widths(const std::uint8_t* width) {
  std::uint32_t widths = 0;
  for (int g = 0; g < 8; ++g) widths |= static_cast<std::uint32_t>(width[g]) << (4 * g);
  return widths;
}

void widen_block(Block& block, std::uint32_t widths) {
  const int difference = block.dc_difference();
  for (int g = 0; g < 8; ++g) block.width[g] = static_cast<std::uint8_t>(widths >> (4 * g) & 15);
  block.set_dc_difference(difference);
}

std::uint32_t pack_vector(const Block& block, int g) {
  std::uint32_t vector = 0;
  for (int i = 0; i < 8; ++i) vector |= static_cast<std::uint32_t>(block.z[8 * g + i] & 15) << (4 * i);
  return vector;
}

}  // namespace slip::dct
