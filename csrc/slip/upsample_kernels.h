// The inner loops of chroma upsampling, one table for each SIMD level.
#pragma once

#include <cstdint>

namespace slip {

struct UpsampleKernels {
  // 3 * near + far, or 4 * near where far is near.
  void (*blend)(const std::uint8_t* near, const std::uint8_t* far, int count, std::uint16_t* sums);
  // (sum + bias) >> shift
  void (*narrow)(const std::uint16_t* sums, int count, int bias, int shift, std::uint8_t* out);
  // out[2i] = (3 * sums[i] + sums[i - 1] + even) >> shift, out[2i + 1] = (3 * sums[i] + sums[i + 1] + odd) >>
  // shift. Writes up to 32 bytes past 2 * count.
  void (*spread)(const std::uint16_t* sums, int count, int even, int odd, int shift, std::uint8_t* out);
};
const UpsampleKernels& upsample_kernels();
extern const UpsampleKernels upsample_kernels_portable;
extern const UpsampleKernels upsample_kernels_avx2;

}  // namespace slip
