#include "slip/output.h"

#include <cmath>
#include <cstring>

namespace slip {
namespace {

// Rounds to a binary float of `mantissa` explicit bits and exponents from `min_exponent` (of the least normal
// number), to nearest even, once; returns its bits, `exponent_bits` of exponent wide.
std::uint32_t narrow(double value, int mantissa, int exponent_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const std::uint32_t sign = std::signbit(value) ? 1u << (mantissa + exponent_bits) : 0;
  const std::uint32_t infinity = ((1u << exponent_bits) - 1) << mantissa;
  if (std::isnan(value)) return sign | infinity | (1u << (mantissa - 1));
  const double magnitude = std::fabs(value);
  if (std::isinf(magnitude)) return sign | infinity;
  if (magnitude == 0) return sign;
  int exponent = 0;
  std::frexp(magnitude, &exponent);  // magnitude is in [2^(exponent - 1), 2^exponent)
  const int least = 1 - bias;
  const int scale = exponent - 1 < least ? least : exponent - 1;
  // A whole number of units in the last place; nearbyint rounds to even.
  const auto units = static_cast<std::uint64_t>(std::nearbyint(std::ldexp(magnitude, mantissa - scale)));
  // Subnormals have exponent field 0; rounding up to the next power of two carries into the exponent by
  // itself.
  const std::uint64_t field = static_cast<std::uint64_t>(scale + bias - 1) << mantissa;
  const std::uint64_t bits = field + units;
  return sign | (bits >= infinity ? infinity : static_cast<std::uint32_t>(bits));
}

std::uint32_t bits_of(double value, DType dtype) {
  switch (dtype) {
    case DType::uint8:
      return static_cast<std::uint32_t>(value);
    case DType::float32: {
      const auto rounded = static_cast<float>(value);
      std::uint32_t bits;
      std::memcpy(&bits, &rounded, sizeof bits);
      return bits;
    }
    case DType::float16:
      return narrow(value, 10, 5);
    case DType::bfloat16:
      return narrow(value, 7, 8);
  }
  return 0;
}

std::uint32_t affine_bits(const Output& output, int channel, int level) {
  if (output.dtype == DType::float32) {
    return bits_of(std::fma(level, output.scale[channel], output.offset[channel]), output.dtype);
  }
  const auto scale = static_cast<float>(output.scale[channel]),
             offset = static_cast<float>(output.offset[channel]);
  return bits_of(std::fma(static_cast<float>(level), scale, offset), output.dtype);
}

}  // namespace

Output Output::make(DType dtype, Layout layout, bool scale, const double mean[3], const double std[3]) {
  Output output;
  output.dtype = dtype;
  output.layout = layout;
  output.affine = dtype != DType::uint8;
  for (int channel = 0; channel < 3; ++channel) {
    output.scale[channel] = scale ? 1 / (255 * std[channel]) : 1;
    output.offset[channel] = scale ? -mean[channel] / std[channel] : 0;
    for (int level = 0; level < 256; ++level) {
      const double value = scale ? (level / 255.0 - mean[channel]) / std[channel] : level;
      output.table[channel][level] = bits_of(dtype == DType::uint8 ? level : value, dtype);
      if (output.affine && affine_bits(output, channel, level) != output.table[channel][level])
        output.affine = false;
    }
  }
  return output;
}

}  // namespace slip
