// Dequantisation and inverse DCT, equal to libjpeg-turbo's ISLOW to the bit. Every instruction set gives the
// same bytes, for every input: arithmetic wraps and saturates where that of libjpeg-turbo's x86 kernels does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip {

// Zigzag position of each coefficient in natural order, and the reverse.
extern const std::uint8_t kZigzagOfNatural[64];
extern const std::uint8_t kNaturalOfZigzag[64];

// Transforms `count` blocks that lie side by side and writes 8 rows of 8 * count samples.
//   coefficients  [count][64] quantised, natural order, 32-byte aligned
//   extents       [count] or null: all coefficients of block i at zigzag positions >= extents[i] (1-64) are
//   zero;
//                 a promise that makes sparse blocks cheaper
//   quant         [64] quantisation steps, natural order, 16-byte aligned
void idct_row(const std::int16_t* coefficients, const std::uint8_t* extents, int count,
              const std::uint16_t* quant, std::uint8_t* destination, std::ptrdiff_t stride);

}  // namespace slip
