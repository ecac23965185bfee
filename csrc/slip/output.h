// How pixels are written: dtype, layout and the table that turns a level into a value.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace slip {

enum class DType : std::uint8_t { uint8 = 0, float32 = 1, float16 = 2, bfloat16 = 3 };
enum class Layout : std::uint8_t { nchw = 0, nhwc = 1 };

inline std::size_t item_size(DType dtype) {
  return dtype == DType::uint8 ? 1 : dtype == DType::float32 ? 4 : 2;
}

// Output of dtype uint8 is the level itself. Every other dtype is table[channel][level], each entry
// (level / 255 - mean) / std (or level, when not scaled) computed in double and rounded once to nearest even,
// so that every SIMD level gives the same bits.
struct Output {
  DType dtype = DType::uint8;
  Layout layout = Layout::nchw;
  std::array<std::array<std::uint32_t, 256>, 3> table{};  // the bits of the value, in the low bytes

  // Set where fma(level, scale[channel], offset[channel]), in double for float32 and in float for the 16-bit
  // types, then rounded to the dtype, was found to give the table's bits for every level: a faster way to the
  // same values.
  bool affine = false;
  std::array<double, 3> scale{}, offset{};

  // mean and std in units of [0, 1].
  static Output make(DType dtype, Layout layout, bool scale, const double mean[3], const double std[3]);
};

}  // namespace slip
