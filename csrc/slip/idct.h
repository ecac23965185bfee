// Dequantisation and inverse DCT, equal to libjpeg-turbo's ISLOW to the bit. Every instruction set gives the
// same bytes, for every input: arithmetic wraps and saturates where that of libjpeg-turbo's x86 kernels does.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip {

// Zigzag position of each coefficient in natural order, and the reverse.
alignas(64) inline constexpr std::uint8_t kZigzagOfNatural[64] = {
    0,  1,  5,  6,  14, 15, 27, 28, 2,  4,  7,  13, 16, 26, 29, 42, 3,  8,  12, 17, 25, 30,
    41, 43, 9,  11, 18, 24, 31, 40, 44, 53, 10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38,
    46, 51, 55, 60, 21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48, 49, 57, 58, 62, 63};
alignas(64) inline constexpr std::uint8_t kNaturalOfZigzag[64] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

// Transforms `count` blocks that lie side by side and writes 8 rows of 8 * count samples.
//   coefficients  [count][64] quantised, natural order, 32-byte aligned
//   extents       [count] or null: all coefficients of block i at zigzag positions >= extents[i] (1-64) are
//   zero;
//                 a promise that makes sparse blocks cheaper
//   quant         [64] quantisation steps, natural order, 16-byte aligned
void idct_row(const std::int16_t* coefficients, const std::uint8_t* extents, int count,
              const std::uint16_t* quant, std::uint8_t* destination, std::ptrdiff_t stride);

}  // namespace slip
