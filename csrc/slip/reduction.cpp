#include "slip/reduction.h"

#include <algorithm>

#include "slip/resample_kernels.h"

namespace slip {
namespace {

// Reduced samples that each output pixel must still be made of, along either axis: with fewer, what the
// reduction loses would show.
constexpr double kLeastScale = 2.5;
constexpr int kMostShift = 3;

}  // namespace

Reduction reduction_for(const Scales& scales, int components, const int ratio_x[3], const int ratio_y[3]) {
  Reduction reduction;
  for (int c = 0; c < components; ++c) {
    const double least = std::min(scales.least_x / ratio_x[c], scales.least_y / ratio_y[c]);
    const double most = std::max(scales.most_x / ratio_x[c], scales.most_y / ratio_y[c]);
    int& shift = reduction.shift[c];
    while (shift < kMostShift && least >= kLeastScale * (2 << shift)) ++shift;
    // Twice the scale is the triangle's width; upsampling and the reduction's edges add to it.
    if (2 * most / (1 << shift) + 4 > kMostQ8Taps) return {};
  }
  return reduction;
}

}  // namespace slip
