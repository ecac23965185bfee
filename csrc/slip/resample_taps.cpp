#include "slip/resample_taps.h"

#include <algorithm>
#include <cmath>

#include "slip/resample_table.h"

namespace slip {
namespace {

// The centers of outputs, relative to the bounds, as in Pillow after a crop.
struct Centers {
  explicit Centers(const Axis& axis)
      : begin(axis.begin - axis.low),
        scale(axis.scale()),
        first(axis.mirror ? axis.outputs - 1 : 0),
        step(axis.mirror ? -1 : 1) {}
  double operator[](int i) const { return begin + (first + step * i + 0.5) * scale; }
  double begin, scale;
  int first, step;
};

// Without antialiasing the filter is linear interpolation, which the edges cut off.
Taps two_taps(const Axis& axis, int one, Arena& arena) {
  Taps taps = make_table(axis.outputs, 2, arena);
  const Centers centers(axis);
  const int n = axis.outputs, low = axis.low, last = axis.high - axis.low - 1;
  int *start = taps.start, *count = taps.count, *near = taps.weight, *far = taps.weight + taps.stride;
  for (int i = 0; i < n; ++i) {
    const double position = centers[i] - 0.5;
    const int first = static_cast<int>(position);
    const int inside = (position >= 0) & (first < last);
    const int second = static_cast<int>((position - first) * one + 0.5) & -inside;
    start[i] = std::min(first, last) + low;
    count[i] = 1 + inside;
    near[i] = std::min(one - second, one - 1);
    far[i] = std::min(second, one - 1);
  }
  return taps;
}

// Values of the triangle, not yet scaled to a sum of one.
struct Triangle {
  double *weight, *sum;
};

Triangle make_triangle(const Axis& axis, Taps& taps, Arena& arena) {
  const Centers centers(axis);
  const double support = std::max(axis.scale(), 1.0), inverse = 1.0 / support;
  const int n = axis.outputs, low = axis.low;
  double *center = arena.take_array<double>(n), *first = arena.take_array<double>(n);
  double *size = arena.take_array<double>(n), *sum = arena.take_array<double>(n);
  for (int i = 0; i < n; ++i) {
    const Span span = touched(axis, centers[i], support);
    taps.start[i] = span.first + low;
    taps.count[i] = span.last - span.first;
    center[i] = centers[i];
    first[i] = span.first;
    size[i] = span.last - span.first;
    sum[i] = 0;
  }
  taps.max_count = *std::max_element(taps.count, taps.count + n);
  double* weights = arena.take_array<double>(static_cast<std::size_t>(taps.max_count) * n);
  for (int k = 0; k < taps.max_count; ++k) {
    double* weight = weights + static_cast<std::size_t>(k) * n;
    for (int i = 0; i < n; ++i) {
      const double value = 1.0 - std::fabs((k + first[i] - center[i] + 0.5) * inverse);
      weight[i] = (value > 0) & (k < size[i]) ? value : 0.0;
      sum[i] += weight[i];
    }
  }
  // A box that leaves its bounds by rounding may see nothing but the edge.
  for (int i = 0; i < n; ++i) {
    if (sum[i] <= 0) sum[i] = weights[i] = 1;
  }
  return {weights, sum};
}

Taps triangle_taps(const Axis& axis, int one, Arena& arena) {
  const int n = axis.outputs, most = static_cast<int>(std::ceil(2 * std::max(axis.scale(), 1.0))) + 3;
  Taps taps = make_table(n, most, arena);
  const Triangle triangle = make_triangle(axis, taps, arena);
  for (int i = 0; i < n; ++i) triangle.sum[i] = 1.0 / triangle.sum[i];
  for (int k = 0; k < taps.max_count; ++k) {
    const double *value = triangle.weight + static_cast<std::size_t>(k) * n, *unit = triangle.sum;
    int* weight = taps.weight + k * taps.stride;
    for (int i = 0; i < n; ++i) weight[i] = static_cast<int>(value[i] * unit[i] * one + 0.5);
  }
  return taps;
}

}  // namespace

Taps make_image_taps(const Axis& axis, int bits, Arena& arena) {
  const int one = 1 << bits;
  const bool q8 = bits == kQ8Bits;
  Taps taps = q8 && axis.scale() <= 1 ? two_taps(axis, one, arena) : triangle_taps(axis, one, arena);
  if (q8 && axis.scale() > 1) {
    const Centers centers(axis);
    int* center = arena.take_array<int>(axis.outputs);
    for (int i = 0; i < axis.outputs; ++i) center[i] = static_cast<int>(centers[i]) + axis.low;
    add_up(taps, center, one, arena);
  }
  finish(taps);
  return taps;
}

}  // namespace slip
