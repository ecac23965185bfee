#include "slip/idct.h"

#include "slip/idct_kernels.h"
#include "slip/simd.h"

namespace slip {

namespace {

// Constants of the Loeffler-Ligtenberg-Moschytz algorithm, scaled by 2^13 as in jidctint.c.
constexpr int kConstBits = 13, kPass1Bits = 2;
constexpr int k0_298 = 2446, k0_390 = 3196, k0_541 = 4433, k0_765 = 6270, k0_899 = 7373, k1_175 = 9633,
              k1_501 = 12299, k1_847 = 15137, k1_961 = 16069, k2_053 = 16819, k2_562 = 20995, k3_072 = 25172;

std::int16_t wrap16(int value) { return static_cast<std::int16_t>(static_cast<std::uint16_t>(value)); }

// a * ca + b * cb modulo 2^32, as pmaddwd and paddd compute it.
std::uint32_t madd(int a, int ca, int b, int cb) {
  return static_cast<std::uint32_t>(a * ca) + static_cast<std::uint32_t>(b * cb);
}

std::int16_t descale(std::uint32_t value, int shift) {
  const auto shifted = static_cast<std::int32_t>(value + (std::uint32_t{1} << (shift - 1))) >> shift;
  return static_cast<std::int16_t>(shifted < -32768 ? -32768 : shifted > 32767 ? 32767 : shifted);
}

// One 8-point transform of the samples in[0], in[step], ...; the result goes to out in the same places.
void transform8(const std::int16_t* in, std::int16_t* out, int step, int shift) {
  int r[8];
  for (int i = 0; i < 8; ++i) r[i] = in[i * step];
  const std::uint32_t t2 = madd(r[2], k0_541, r[6], k0_541 - k1_847);
  const std::uint32_t t3 = madd(r[2], k0_541 + k0_765, r[6], k0_541);
  const auto t0 = static_cast<std::uint32_t>(wrap16(r[0] + r[4])) << kConstBits;
  const auto t1 = static_cast<std::uint32_t>(wrap16(r[0] - r[4])) << kConstBits;
  const std::uint32_t even[4] = {t0 + t3, t1 + t2, t1 - t2, t0 - t3};

  const int z3 = wrap16(r[7] + r[3]), z4 = wrap16(r[5] + r[1]);
  const std::uint32_t y3 = madd(z3, k1_175 - k1_961, z4, k1_175);
  const std::uint32_t y4 = madd(z3, k1_175, z4, k1_175 - k0_390);
  const std::uint32_t odd[4] = {
      madd(r[7], -k0_899, r[1], k1_501 - k0_899) + y4, madd(r[5], -k2_562, r[3], k3_072 - k2_562) + y3,
      madd(r[5], k2_053 - k2_562, r[3], -k2_562) + y4, madd(r[7], k0_298 - k0_899, r[1], -k0_899) + y3};
  for (int i = 0; i < 4; ++i) {
    out[i * step] = descale(even[i] + odd[i], shift);
    out[(7 - i) * step] = descale(even[i] - odd[i], shift);
  }
}

bool only_first_row(const std::int16_t* coefficients) {
  for (int i = 8; i < 64; ++i) {
    if (coefficients[i] != 0) return false;
  }
  return true;
}

}  // namespace

void idct_block_portable(const std::int16_t* coefficients, const std::uint16_t* quant,
                         std::uint8_t* destination, std::ptrdiff_t stride) {
  std::int16_t block[64];
  for (int i = 0; i < 64; ++i) block[i] = wrap16(coefficients[i] * static_cast<std::int16_t>(quant[i]));
  if (only_first_row(coefficients)) {
    // The kernels of libjpeg-turbo shift here in 16 bits, without the saturation of the full transform.
    for (int x = 0; x < 8; ++x) {
      const std::int16_t value = wrap16(block[x] * (1 << kPass1Bits));
      for (int y = 0; y < 8; ++y) block[8 * y + x] = value;
    }
  } else {
    for (int x = 0; x < 8; ++x) transform8(block + x, block + x, 8, kConstBits - kPass1Bits);
  }
  for (int y = 0; y < 8; ++y) {
    std::int16_t* row = block + 8 * y;
    transform8(row, row, 1, kConstBits + kPass1Bits + 3);
    for (int x = 0; x < 8; ++x) {
      const int level = row[x] < -128 ? -128 : row[x] > 127 ? 127 : row[x];
      destination[y * stride + x] = static_cast<std::uint8_t>(level + 128);
    }
  }
}

void idct_row(const std::int16_t* coefficients, const std::uint8_t* extents, int count,
              const std::uint16_t* quant, std::uint8_t* destination, std::ptrdiff_t stride) {
#ifdef SLIP_X86
  if (simd_level() == Simd::avx2) {
    idct_row_avx2(coefficients, extents, count, quant, destination, stride);
    return;
  }
#endif
  (void)extents;
  for (int i = 0; i < count; ++i)
    idct_block_portable(coefficients + 64 * i, quant, destination + 8 * i, stride);
}

}  // namespace slip
