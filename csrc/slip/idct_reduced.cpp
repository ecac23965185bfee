#include "slip/idct_reduced.h"

#include "slip/idct_reduced_kernels.h"
#include "slip/simd.h"

namespace slip {
namespace {

// The product modulo 2^16, as pmullw computes it.
int dequantised(const std::int16_t* coefficients, const std::uint16_t* quant, int i) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(
      static_cast<std::uint32_t>(static_cast<std::uint16_t>(coefficients[i])) * quant[i]));
}

int descaled(int value, int shift) {
  const int shifted = (value + (1 << (shift - 1))) >> shift;
  return shifted < -32768 ? -32768 : shifted > 32767 ? 32767 : shifted;
}

std::uint8_t level_of(int value) {
  return static_cast<std::uint8_t>((value < -128 ? -128 : value > 127 ? 127 : value) + 128);
}

// in[0], in[step], ... to out in the same places.
void transform4(const int* in, int* out, int step, int shift) {
  const int r0 = in[0], r1 = in[step], r2 = in[2 * step], r3 = in[3 * step];
  for (int y = 0; y < 2; ++y) {
    const int* basis = kReducedBasis4[y];
    const int even = r0 * basis[0] + r2 * basis[2], odd = r1 * basis[1] + r3 * basis[3];
    out[y * step] = descaled(even + odd, shift);
    out[(3 - y) * step] = descaled(even - odd, shift);
  }
}

void idct_row_2x2(const std::int16_t* coefficients, int count, const std::uint16_t* quant,
                  std::uint8_t* destination, std::ptrdiff_t stride) {
  for (int i = 0; i < count; ++i, coefficients += 64, destination += 2) {
    int sum[2], difference[2];
    for (int x = 0; x < 2; ++x) {
      const int even = dequantised(coefficients, quant, x) * kReducedBasis2[0];
      const int odd = dequantised(coefficients, quant, 8 + x) * kReducedBasis2[1];
      sum[x] = descaled(even + odd, kReducedShift1);
      difference[x] = descaled(even - odd, kReducedShift1);
    }
    for (int y = 0; y < 2; ++y) {
      const int* row = y == 0 ? sum : difference;
      const int even = row[0] * kReducedBasis2[0], odd = row[1] * kReducedBasis2[1];
      destination[y * stride] = level_of(descaled(even + odd, kReducedShift2));
      destination[y * stride + 1] = level_of(descaled(even - odd, kReducedShift2));
    }
  }
}

void idct_row_1x1(const std::int16_t* coefficients, int count, const std::uint16_t* quant,
                  std::uint8_t* destination) {
  for (int i = 0; i < count; ++i)
    destination[i] = level_of((dequantised(coefficients + 64 * i, quant, 0) + 4) >> 3);
}

}  // namespace

void idct_row_4x4_portable(const std::int16_t* coefficients, int count, const std::uint16_t* quant,
                           std::uint8_t* destination, std::ptrdiff_t stride) {
  for (int i = 0; i < count; ++i, coefficients += 64, destination += 4) {
    int block[16];
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 4; ++x) block[4 * y + x] = dequantised(coefficients, quant, 8 * y + x);
    for (int x = 0; x < 4; ++x) transform4(block + x, block + x, 4, kReducedShift1);
    for (int y = 0; y < 4; ++y) {
      transform4(block + 4 * y, block + 4 * y, 1, kReducedShift2);
      for (int x = 0; x < 4; ++x) destination[y * stride + x] = level_of(block[4 * y + x]);
    }
  }
}

void idct_row_reduced(const std::int16_t* coefficients, int count, const std::uint16_t* quant, int shift,
                      std::uint8_t* destination, std::ptrdiff_t stride) {
  if (shift == 3) return idct_row_1x1(coefficients, count, quant, destination);
  if (shift == 2) return idct_row_2x2(coefficients, count, quant, destination, stride);
#ifdef SLIP_X86
  if (simd_level() == Simd::avx2) return idct_row_4x4_avx2(coefficients, count, quant, destination, stride);
#endif
  idct_row_4x4_portable(coefficients, count, quant, destination, stride);
}

}  // namespace slip
