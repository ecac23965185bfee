#include "slip/crops.h"

#include <algorithm>
#include <cmath>

namespace slip {
namespace {

constexpr std::uint32_t kTries = 10;

double between(double low, double high, double u) { return low + (high - low) * u; }

double log_between(const std::array<double, 2>& range, double u) {
  return portable_exp(between(portable_log(range[0]), portable_log(range[1]), u));
}

// To the nearest, halves to even, like Python's round.
double rounded(double value) { return std::nearbyint(value); }

// A whole number from 0 to `last`.
int whole(int last, double u) { return std::min(last, static_cast<int>(u * (last + 1.0))); }

Rect placed(int crop_width, int crop_height, int width, int height, const std::array<double, 2>& u) {
  return {whole(width - crop_width, u[0]), whole(height - crop_height, u[1]), crop_width, crop_height};
}

Rect centre(const CropLaw& law, int width, int height) {
  const double ratio = static_cast<double>(width) / height;
  const double clamped = std::min(std::max(ratio, law.ratio[0]), law.ratio[1]);
  int w = width, h = height;
  if (ratio < clamped) h = std::max(1, static_cast<int>(rounded(width / clamped)));
  if (ratio > clamped) w = std::max(1, static_cast<int>(rounded(height * clamped)));
  return {(width - w) / 2, (height - h) / 2, w, h};
}

Rect by_rejection(const CropLaw& law, const Stream& stream, int width, int height) {
  const double area = static_cast<double>(width) * height;
  for (std::uint32_t i = 0; i < kTries; ++i) {
    const auto u = stream.uniform_pair(2 * i);
    const double target = area * between(law.scale[0], law.scale[1], u[0]);
    const double ratio = log_between(law.ratio, u[1]);
    const double w = rounded(std::sqrt(target * ratio));
    const double h = rounded(std::sqrt(target / ratio));
    if (w < 1 || h < 1 || w > width || h > height) continue;
    return placed(static_cast<int>(w), static_cast<int>(h), width, height, stream.uniform_pair(2 * i + 1));
  }
  return centre(law, width, height);
}

// For a given ratio the area grows with the square of the long edge, so both bounds of scale bound the long
// edge, and so do both edges of the image. Where even the least scale does not fit, the largest crop that
// does is taken.
Rect without_rejection(const CropLaw& law, const Stream& stream, int width, int height) {
  const auto u = stream.uniform_pair(0);
  const double area = static_cast<double>(width) * height;
  const double ratio = log_between(law.ratio, u[0]);
  const double elongation = std::max(ratio, 1.0 / ratio);  // long edge / short edge
  const double fits =
      ratio >= 1.0 ? std::min<double>(width, height * ratio) : std::min<double>(height, width / ratio);
  const double most = std::min(std::sqrt(law.scale[1] * area * elongation), fits);
  const double least = std::min(std::sqrt(law.scale[0] * area * elongation), most);
  const double edge = between(least, most, u[1]);
  const double w = rounded(ratio >= 1.0 ? edge : edge * ratio);
  const double h = rounded(ratio >= 1.0 ? edge / ratio : edge);
  return placed(static_cast<int>(std::min<double>(std::max(w, 1.0), width)),
                static_cast<int>(std::min<double>(std::max(h, 1.0), height)), width, height,
                stream.uniform_pair(1));
}

}  // namespace

Rect draw_crop(const CropLaw& law, const Stream& stream, int width, int height) {
  return law.direct ? without_rejection(law, stream, width, height)
                    : by_rejection(law, stream, width, height);
}

}  // namespace slip
