// The kernels behind idct_reduced.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip {

// Row y, column k: what coefficient k gives sample y, times 2^13 and the square root of 8. The cosines of a
// short transform, times those that average the samples of the full one.
constexpr int kReducedBits = 13;
constexpr int kReducedBasis4[2][4] = {{8192, 10498, 7568, 3686}, {8192, 4348, -7568, -8900}};
constexpr int kReducedBasis2[2] = {8192, 7423};
// Fraction bits between the passes; the second one also divides by 8.
constexpr int kReducedShift1 = kReducedBits - 2, kReducedShift2 = kReducedBits + 2 + 3;

void idct_row_4x4_portable(const std::int16_t* coefficients, int count, const std::uint16_t* quant,
                           std::uint8_t* destination, std::ptrdiff_t stride);

#ifdef SLIP_X86
void idct_row_4x4_avx2(const std::int16_t* coefficients, int count, const std::uint16_t* quant,
                       std::uint8_t* destination, std::ptrdiff_t stride);
#endif

}  // namespace slip
