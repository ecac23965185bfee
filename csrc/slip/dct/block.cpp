#include "slip/dct/block.h"

#include <cstring>

#include "slip/idct.h"

namespace slip::dct {
namespace {

// Four coefficients from zigzag position `first`, as they lie in memory.
std::uint64_t gather(const std::int16_t* natural, int first) {
  std::uint64_t four = 0;
  for (int i = 0; i < 4; ++i) {
    four |= static_cast<std::uint64_t>(static_cast<std::uint16_t>(natural[kNaturalOfZigzag[first + i]]))
            << (16 * i);
  }
  return four;
}

// The least number of bits, sign included, that holds eight values of which one is not 0.
int width_of(const std::int16_t* values) {
  int magnitude = 0;
  for (int i = 0; i < 8; ++i) magnitude |= values[i] ^ (values[i] >> 15);
  return magnitude == 0 ? 1 : 33 - __builtin_clz(static_cast<unsigned>(magnitude));
}

}  // namespace

Block split_block(const std::int16_t* natural, int dc_before) {
  Block block;
  for (int g = 0; g < 8; ++g) {
    std::uint64_t low = gather(natural, 8 * g);
    const std::uint64_t high = gather(natural, 8 * g + 4);
    if (g == 0) low &= ~std::uint64_t{0xffff};  // the DC has no part in the width
    std::memcpy(block.z + 8 * g, &low, sizeof low);
    std::memcpy(block.z + 8 * g + 4, &high, sizeof high);
    block.width[g] =
        (low | high) == 0 ? std::uint8_t{0} : static_cast<std::uint8_t>(width_of(block.z + 8 * g));
  }
  block.set_dc_difference(natural[0] - dc_before);
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
