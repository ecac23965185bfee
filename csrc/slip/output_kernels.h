// The inner loops of writing pixels, one table for each SIMD level.
#pragma once

#include <cstdint>

namespace slip {

// What turns a row of levels into values: value i is table[i % 3][level]. Where `affine` is set, a fused
// multiply-add was found to give the same bits for every level: level * scale + offset with the numbers of i
// % kPeriod, in double for 32-bit values, in float for 16-bit ones, then rounded to the value's own type.
struct ValueMap {
  enum class Type : std::uint8_t { float32, float16, bfloat16 };
  static constexpr int kPeriod = 24;  // a multiple of the vectors' length and of the three channels
  Type type = Type::float32;
  bool affine = false;
  const std::uint32_t* table[3] = {};
  double scale[kPeriod] = {}, offset[kPeriod] = {};
  float scale_float[kPeriod] = {}, offset_float[kPeriod] = {};
};

struct OutputKernels {
  // Three planes to RGBRGB... Reads and writes nothing beyond `count` pixels.
  void (*interleave)(const std::uint8_t* const* rows, int count, std::uint8_t* out);
  void (*map)(const std::uint8_t* levels, int count, const ValueMap& values, void* out);
};
const OutputKernels& output_kernels();
extern const OutputKernels output_kernels_portable;
extern const OutputKernels output_kernels_avx2;

}  // namespace slip
