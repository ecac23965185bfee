#include "slip/resample_kernels.h"

namespace slip {
namespace {

// Each product loses half a unit on average, which the bias gives back; a single tap of 65535 loses one.
std::uint32_t bias(int count) { return static_cast<std::uint32_t>(count + 1) / 2; }

std::uint32_t high_product(std::uint32_t a, std::uint32_t b) { return (a * b) >> 16; }

std::uint16_t finish(std::uint32_t sum, Between between) {
  return static_cast<std::uint16_t>(between == Between::levels ? (sum + 128) & 0xff00 : sum);
}

void horizontal(const std::uint8_t* row, const Taps& taps, const Groups&, int origin, Between between,
                std::uint16_t* out) {
  for (int i = 0; i < taps.outputs; ++i) {
    const std::uint8_t* from = row + (taps.start[i] - origin);
    const std::uint16_t* weight = taps.weight + i * taps.stride;
    std::uint32_t sum = bias(taps.count[i]);
    for (int k = 0; k < taps.count[i]; ++k) sum += high_product(std::uint32_t{from[k]} << 8, weight[k]);
    out[i] = finish(sum, between);
  }
}

void vertical(const std::uint16_t* const* rows, const std::uint16_t* weights, int count, int width,
              std::uint16_t* out) {
  for (int i = 0; i < width; ++i) {
    std::uint32_t sum = bias(count);
    for (int k = 0; k < count; ++k) sum += high_product(rows[k][i], weights[k]);
    out[i] = static_cast<std::uint16_t>(sum);
  }
}

// 65280 * 65536 + 32768 still fits in 32 bits.
void horizontal_wide(const std::uint8_t* row, const Taps& taps, const Groups&, int origin, Between between,
                     std::uint16_t* out) {
  for (int i = 0; i < taps.outputs; ++i) {
    const std::uint8_t* from = row + (taps.start[i] - origin);
    const std::uint16_t* weight = taps.weight + i * taps.stride;
    std::uint32_t sum = 128;
    for (int k = 0; k < taps.count[i]; ++k) sum += std::uint32_t{from[k]} * weight[k];
    out[i] = finish(sum >> 8, between);
  }
}

void vertical_wide(const std::uint16_t* const* rows, const std::uint16_t* weights, int count, int width,
                   std::uint16_t* out) {
  constexpr int kBlock = 256;
  std::uint32_t sums[kBlock];
  for (int x = 0; x < width; x += kBlock) {
    const int n = width - x < kBlock ? width - x : kBlock;
    for (int i = 0; i < n; ++i) sums[i] = 32768;
    for (int k = 0; k < count; ++k) {
      for (int i = 0; i < n; ++i) sums[i] += std::uint32_t{rows[k][x + i]} * weights[k];
    }
    for (int i = 0; i < n; ++i) out[x + i] = static_cast<std::uint16_t>(sums[i] >> 16);
  }
}

}  // namespace

const ResampleKernels resample_kernels_portable = {horizontal, vertical};
const ResampleKernels resample_kernels_wide = {horizontal_wide, vertical_wide};

}  // namespace slip
