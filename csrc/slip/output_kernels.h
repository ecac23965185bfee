// The inner loops of writing pixels, one table for each SIMD level.
#pragma once

#include <cstdint>

namespace slip {

// What turns levels into values: table[channel], or, where `affine` is set, a fused multiply-add that was
// found to give the same bits for every level: level * scale + offset, rounded to double for 32-bit values,
// to float for 16-bit ones, then to the value's own type.
struct ValueMap {
  enum class Type : std::uint8_t { float32, float16, bfloat16 };
  Type type = Type::float32;
  bool affine = false;
  const std::uint32_t* table[3] = {};
  double scale[3] = {}, offset[3] = {};
};

struct OutputKernels {
  // Three planes to RGBRGB... Reads and writes nothing beyond `count` pixels.
  void (*interleave)(const std::uint8_t* const* rows, int count, std::uint8_t* out);
  // Value i is levels[i] seen through channel first + i * step, modulo 3: step 0 for a plane, 1 for pixels.
  void (*map)(const std::uint8_t* levels, int count, const ValueMap& values, int first, int step, void* out);
};
const OutputKernels& output_kernels();
extern const OutputKernels output_kernels_portable;
extern const OutputKernels output_kernels_avx2;

}  // namespace slip
