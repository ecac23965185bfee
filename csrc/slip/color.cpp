#include "slip/color.h"

#include <algorithm>

#include "slip/simd.h"

namespace slip {
namespace {

std::uint8_t clamp_level(int value) { return static_cast<std::uint8_t>(std::clamp(value, 0, 255)); }

void exact(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int count, std::uint8_t* r,
           std::uint8_t* g, std::uint8_t* b) {
  constexpr int kHalf = 32768;
  for (int i = 0; i < count; ++i) {
    const int blue = cb[i] - 128, red = cr[i] - 128;
    r[i] = clamp_level(y[i] + ((91881 * red + kHalf) >> 16));
    g[i] = clamp_level(y[i] + ((-22554 * blue - 46802 * red + kHalf) >> 16));
    b[i] = clamp_level(y[i] + ((116130 * blue + kHalf) >> 16));
  }
}

// a * b / 32768, rounded: what pmulhrsw computes.
int scaled(int a, int b) { return (a * b + 16384) >> 15; }

// In Q6, which is as much as sixteen signed bits can hold. The coefficients are over 8192: Q8 to Q6 is a
// quarter.
void from_q8(const std::uint16_t* y, const std::uint16_t* cb, const std::uint16_t* cr, int count,
             std::uint8_t* r, std::uint8_t* g, std::uint8_t* b) {
  for (int i = 0; i < count; ++i) {
    const int luma = (y[i] + 130) >> 2;  // half a level, and half a unit of what is cut off
    const int blue = cb[i] - 32768, red = cr[i] - 32768;
    r[i] = clamp_level((luma + scaled(red, 11485)) >> 6);
    g[i] = clamp_level((luma - scaled(blue, 2819) - scaled(red, 5850)) >> 6);
    b[i] = clamp_level((luma + scaled(blue, 14516)) >> 6);
  }
}

void round_q8(const std::uint16_t* q8, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<std::uint8_t>((q8[i] + 128) >> 8);
}

}  // namespace

const ColorKernels color_kernels_portable = {exact, from_q8, round_q8};

const ColorKernels& color_kernels() {
#if SLIP_X86
  if (simd_level() == Simd::avx2) return color_kernels_avx2;
#endif
  return color_kernels_portable;
}

}  // namespace slip
