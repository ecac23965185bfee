#include "slip/resample_kernels.h"

namespace slip {
namespace {

// Each product loses half a unit on average, which this gives back; a single tap of 65535 loses one.
std::uint32_t q8_bias(int count) { return static_cast<std::uint32_t>(count + 1) / 2; }

std::uint32_t q8_product(std::uint32_t sample, int weight) {
  return (sample * static_cast<std::uint32_t>(weight)) >> kQ8Bits;
}

void q8_horizontal(const std::uint8_t* const* rows, int planes, const Taps& taps, const Groups&, int origin,
                   Q8* const* out) {
  for (int p = 0; p < planes; ++p) {
    for (int i = 0; i < taps.outputs; ++i) {
      const std::uint8_t* from = rows[p] + (taps.start[i] - origin);
      const int* weight = taps.weight + i;
      std::uint32_t sum = q8_bias(taps.count[i]);
      for (int k = 0; k < taps.count[i]; ++k)
        sum += q8_product(std::uint32_t{from[k]} << 8, weight[k * taps.stride]);
      out[p][i] = static_cast<Q8>(sum);
    }
  }
}

void q8_vertical(const Q8* const* rows, const int* weights, int count, int width, Q8* out) {
  for (int i = 0; i < width; ++i) {
    std::uint32_t sum = q8_bias(count);
    for (int k = 0; k < count; ++k) sum += q8_product(rows[k][i], weights[k]);
    out[i] = static_cast<Q8>(sum);
  }
}

constexpr int kHalfLevel = 1 << (kLevelBits - 1);

void level_horizontal(const std::uint8_t* const* rows, int planes, const Taps& taps, const Groups&,
                      int origin, Level* const* out) {
  for (int p = 0; p < planes; ++p) {
    for (int i = 0; i < taps.outputs; ++i) {
      const std::uint8_t* from = rows[p] + (taps.start[i] - origin);
      const int* weight = taps.weight + i;
      int sum = kHalfLevel;
      for (int k = 0; k < taps.count[i]; ++k) sum += from[k] * weight[k * taps.stride];
      out[p][i] = static_cast<Level>(sum >> kLevelBits);
    }
  }
}

void level_vertical(const Level* const* rows, const int* weights, int count, int width, Level* out) {
  for (int i = 0; i < width; ++i) {
    int sum = kHalfLevel;
    for (int k = 0; k < count; ++k) sum += rows[k][i] * weights[k];
    out[i] = static_cast<Level>(sum >> kLevelBits);
  }
}

}  // namespace

const PassKernels<Q8> q8_kernels_portable = {q8_horizontal, q8_vertical};
const PassKernels<Level> level_kernels_portable = {level_horizontal, level_vertical};

}  // namespace slip
