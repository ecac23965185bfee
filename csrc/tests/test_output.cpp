// The tables of values, and every dtype and layout through the whole renderer.
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "check.h"
#include "scenes.h"
#include "slip/output.h"
#include "slip/simd.h"

using namespace slip;
using namespace scenes;

namespace {

const double kMean[3] = {0.485, 0.456, 0.406}, kStd[3] = {0.229, 0.224, 0.225};
const double kZero[3] = {0, 0, 0}, kOne[3] = {1, 1, 1};

double value_of(std::uint32_t bits, DType dtype) {
  if (dtype == DType::float32 || dtype == DType::bfloat16) {
    const std::uint32_t wide = dtype == DType::bfloat16 ? bits << 16 : bits;
    float value;
    std::memcpy(&value, &wide, sizeof value);
    return value;
  }
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double magnitude = exponent == 31  ? std::numeric_limits<double>::infinity()
                           : exponent == 0 ? std::ldexp(mantissa, -24)
                                           : std::ldexp(1024 + mantissa, exponent - 25);
  return bits >> 15 & 1 ? -magnitude : magnitude;
}

// No neighbour of `bits` is nearer to `value`; of two equally near ones the even one was chosen.
bool nearest(std::uint32_t bits, DType dtype, double value) {
  const double own = std::fabs(value_of(bits, dtype) - value);
  for (int step : {-1, 1}) {
    const std::uint32_t other = bits + step;
    const double distance = std::fabs(value_of(other, dtype) - value);
    if (distance < own || (distance == own && bits % 2 != 0)) return false;
  }
  return true;
}

Output made_with(DType dtype, double mean, double std) {
  const double means[3] = {mean, mean, mean}, stds[3] = {std, std, std};
  return Output::make(dtype, Layout::nchw, true, means, stds);
}

std::uint32_t entry(DType dtype, double mean, double std, int level) {
  return made_with(dtype, mean, std).table[0][level];
}

}  // namespace

TEST(every_entry_is_the_nearest_value_ties_to_even) {
  for (DType dtype : {DType::float32, DType::float16, DType::bfloat16}) {
    for (double std : {1.0, 0.229, 0.25, 3e-3, 1e3, 1.7e5, 4.1e6, 1e9}) {
      const Output output = made_with(dtype, 0.485, std);
      for (int level = 0; level < 256; ++level) {
        CHECK(nearest(output.table[1][level], dtype, (level / 255.0 - 0.485) / std));
      }
    }
  }
}

TEST(unscaled_tables_hold_the_levels) {
  for (DType dtype : {DType::float32, DType::float16, DType::bfloat16}) {
    const Output output = Output::make(dtype, Layout::nchw, false, kMean, kStd);
    for (int level = 0; level < 256; ++level)
      CHECK_EQ(value_of(output.table[2][level], dtype), double(level));
  }
}

TEST(half_overflows_to_infinity_and_underflows_through_subnormals) {
  const Output large = made_with(DType::float16, 0, 1e-6);
  CHECK_EQ(large.table[0][255], 0x7c00u);
  CHECK_EQ(large.table[0][0], 0u);
  CHECK_EQ(entry(DType::float16, 1, 1e-6, 0), 0xfc00u);
  CHECK_EQ(entry(DType::float16, 0, 16777216, 255), 1u);        // 2^-24, the least subnormal
  CHECK_EQ(entry(DType::float16, 0, 2 * 16777216.0, 255), 0u);  // half of it: a tie, to even
  CHECK_EQ(entry(DType::float16, 0, 1 / 65519.0, 255), 0x7bffu);
  CHECK_EQ(entry(DType::float16, 0, 1 / 65520.0, 255), 0x7c00u);
}

TEST(the_affine_way_is_found_for_the_usual_normalisations) {
  const double clip_mean[3] = {0.48145466, 0.4578275, 0.40821073},
               clip_std[3] = {0.26862954, 0.26130258, 0.27577711};
  const double half[3] = {0.5, 0.5, 0.5};
  CHECK(Output::make(DType::float32, Layout::nchw, true, kMean, kStd).affine);
  CHECK(Output::make(DType::float32, Layout::nchw, true, clip_mean, clip_std).affine);
  CHECK(Output::make(DType::float32, Layout::nchw, true, half, half).affine);
  CHECK(Output::make(DType::float32, Layout::nchw, true, kZero, kOne).affine);
  CHECK(Output::make(DType::float16, Layout::nchw, true, kMean, kStd).affine);
  CHECK(Output::make(DType::bfloat16, Layout::nchw, true, kMean, kStd).affine);
}

TEST(every_level_comes_out_as_its_table_entry_in_both_layouts) {
  // 256 levels and a width that is no multiple of any vector.
  constexpr int kWidth = 51, kHeight = 6;
  Image image = Image::random(ColorModel::rgb, kWidth, kHeight, 1);
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < kWidth * kHeight; ++i) image.memory[c][i] = static_cast<std::uint8_t>(i + 85 * c);
  }
  const double odd_std[3] = {1e5, 1e-7, 0.3};  // subnormal, infinite, usual
  for (Simd level : {Simd::portable, simd_level()}) {
    force_simd_level(level);
    for (DType dtype : {DType::uint8, DType::float32, DType::float16, DType::bfloat16}) {
      for (Layout layout : {Layout::nchw, Layout::nhwc}) {
        for (const double* std : {kStd, odd_std}) {
          const Output output = Output::make(dtype, layout, true, kMean, std);
          const auto out = draw(image, whole(kWidth, kHeight, kWidth, kHeight), 1, Fidelity::fast, output);
          bool same = true;
          for (int c = 0; c < 3; ++c) {
            for (int i = 0; i < kWidth * kHeight; ++i) {
              const std::size_t at = layout == Layout::nchw ? c * kWidth * kHeight + i : 3 * i + c;
              std::uint32_t bits = 0;
              std::memcpy(&bits, out.data() + at * item_size(dtype), item_size(dtype));
              same = same && bits == output.table[c][image.memory[c][i]];
            }
          }
          CHECK(same);
        }
      }
    }
  }
}
