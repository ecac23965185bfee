#include "slip/upsample_kernels.h"

namespace slip {
namespace {

void blend(const std::uint8_t* near, const std::uint8_t* far, int count, std::uint16_t* sums) {
  for (int i = 0; i < count; ++i) sums[i] = static_cast<std::uint16_t>(3 * near[i] + far[i]);
}

void narrow(const std::uint16_t* sums, int count, int bias, int shift, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>((sums[i] + bias) >> shift);
}

void spread(const std::uint16_t* sums, int count, int even, int odd, int shift, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) {
    out[2 * i] = static_cast<std::uint8_t>((3 * sums[i] + sums[i - 1] + even) >> shift);
    out[2 * i + 1] = static_cast<std::uint8_t>((3 * sums[i] + sums[i + 1] + odd) >> shift);
  }
}

}  // namespace

const UpsampleKernels upsample_kernels_portable = {blend, narrow, spread};

}  // namespace slip
