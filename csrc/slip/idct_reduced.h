// Dequantisation and inverse DCT to blocks of 4x4, 2x2 or 1x1 samples. A sample is the mean of the 4, 16 or
// 64 samples of the full transform that it stands for, as far as the lowest 4x4, 2x2 or 1x1 coefficients make
// them. Every instruction set gives the same bytes, for every input.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip {

// Transforms `count` blocks that lie side by side and writes n rows of n * count samples, where n = 8 >>
// shift.
//   coefficients  [count][64] quantised, natural order, 32-byte aligned; only the lowest n x n are read
//   quant         [64] quantisation steps, natural order
//   shift         1-3
void idct_row_reduced(const std::int16_t* coefficients, int count, const std::uint16_t* quant, int shift,
                      std::uint8_t* destination, std::ptrdiff_t stride);

}  // namespace slip
