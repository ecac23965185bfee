// Against a double-precision reduced inverse DCT, and level against level.
#include <algorithm>
#include <cmath>
#include <random>

#include "check.h"
#include "slip/idct_reduced.h"
#include "slip/idct_reduced_kernels.h"
#include "slip/simd.h"

namespace {

using slip::idct_row_reduced;

constexpr double kPi = 3.14159265358979323846;

double basis(int k, double position) {
  return (k == 0 ? std::sqrt(0.125) : 0.5) * std::cos(position * k * kPi / 16);
}

// The mean of the samples of the full inverse DCT of the lowest n x n coefficients.
double mean_at(const std::int16_t* block, const std::uint16_t* quant, int n, int x, int y) {
  const int r = 8 / n;
  double sum = 0;
  for (int v = 0; v < n; ++v) {
    for (int u = 0; u < n; ++u) {
      double across = 0, down = 0;
      for (int i = 0; i < r; ++i) {
        across += basis(u, 2 * (x * r + i) + 1) / r;
        down += basis(v, 2 * (y * r + i) + 1) / r;
      }
      sum += across * down * block[8 * v + u] * quant[8 * v + u];
    }
  }
  return std::min(255.0, std::max(0.0, sum + 128));
}

struct Blocks {
  alignas(32) std::int16_t coefficients[64 * 7];
  alignas(16) std::uint16_t quant[64];
};

}  // namespace

TEST(reduced_samples_are_means_of_the_full_transform) {
  std::mt19937 random(1);
  static Blocks b;
  for (auto& q : b.quant) q = static_cast<std::uint16_t>(1 + random() % 30);
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 64 * 7; ++i) {
      const int limit = i % 64 == 0 ? 30 : 6;
      b.coefficients[i] = static_cast<std::int16_t>(static_cast<int>(random() % (2 * limit + 1)) - limit);
    }
    for (int shift = 1; shift <= 3; ++shift) {
      const int n = 8 >> shift;
      std::uint8_t out[4 * 28];
      idct_row_reduced(b.coefficients, 7, b.quant, shift, out, 28);
      for (int i = 0; i < 7 * n * n; ++i) {
        const int x = i % n, y = i / n % n, block = i / (n * n);
        const double expected = mean_at(b.coefficients + 64 * block, b.quant, n, x, y);
        CHECK(std::fabs(out[28 * y + n * block + x] - expected) < 0.75);
      }
    }
  }
}

TEST(reduced_transforms_agree_on_any_coefficients) {
#ifdef SLIP_X86
  if (slip::simd_level() != slip::Simd::avx2) return;
  std::mt19937 random(2);
  static Blocks b;
  for (int round = 0; round < 2000; ++round) {
    const unsigned range = round % 2 == 0 ? 65536 : 64;
    for (auto& q : b.quant) q = static_cast<std::uint16_t>(random() % 256);
    for (auto& c : b.coefficients) c = static_cast<std::int16_t>(random() % range - range / 2);
    std::uint8_t one[4 * 28] = {}, other[4 * 28] = {};
    slip::idct_row_4x4_portable(b.coefficients, 7, b.quant, one, 28);
    slip::idct_row_4x4_avx2(b.coefficients, 7, b.quant, other, 28);
    for (int i = 0; i < 4 * 28; ++i) CHECK(one[i] == other[i]);
  }
#endif
}
