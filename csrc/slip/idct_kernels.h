// The kernels behind idct.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip {

void idct_block_portable(const std::int16_t* coefficients, const std::uint16_t* quant,
                         std::uint8_t* destination, std::ptrdiff_t stride);

#ifdef SLIP_X86
void idct_row_avx2(const std::int16_t* coefficients, const std::uint8_t* extents, int count,
                   const std::uint16_t* quant, std::uint8_t* destination, std::ptrdiff_t stride);
#endif

}  // namespace slip
