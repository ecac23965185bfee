#include "slip/resample_taps.h"

#include <algorithm>
#include <cmath>

namespace slip {
namespace {

// Weights of whole samples [first, first + count).
struct Weights {
  int first = 0, count = 0;
  int* weight = nullptr;

  // Rounding must not make flat areas brighter or darker where every bit of the sum is used.
  void add_up_to(int one, int center) {
    int left = one;
    for (int k = 0; k < count; ++k) left -= weight[k];
    weight[std::clamp(center - first, 0, count - 1)] += left;
  }
};

// The triangle filter over image samples.
void triangle(const Axis& axis, int index, int bits, double* scratch, Weights& out) {
  const double scale = axis.scale(), support = std::max(scale, 1.0);
  // Relative to the bounds, as Pillow computes after a crop.
  const double center = axis.begin - axis.low + (index + 0.5) * scale;
  const Span span = touched(axis, center, support);
  const double inverse = 1.0 / support;
  out.first = span.first + axis.low;
  out.count = span.last - span.first;
  double sum = 0;
  for (int k = 0; k < out.count; ++k) {
    scratch[k] = std::max(0.0, 1.0 - std::fabs((k + span.first - center + 0.5) * inverse));
    sum += scratch[k];
  }
  // A box that leaves its bounds by rounding may see nothing but the edge.
  if (sum <= 0) sum = scratch[0] = 1;
  const double unit = 1.0 / sum;
  for (int k = 0; k < out.count; ++k) out.weight[k] = static_cast<int>(scratch[k] * unit * (1 << bits) + 0.5);
  if (bits == kQ8Bits) out.add_up_to(1 << bits, static_cast<int>(center) + axis.low);
}

// From image samples to the samples of a component.
void compose(const Weights& image, const Sampling& sampling, int bits, Weights& out) {
  const Span span = sampling.made_of({image.first, image.first + image.count});
  out.first = span.first;
  out.count = span.last - span.first;
  std::fill_n(out.weight, out.count, 0);
  if (!sampling.triangle) {
    for (int k = 0; k < image.count; ++k) {
      out.weight[(image.first + k) / sampling.ratio - out.first] += image.weight[k];
    }
    return;
  }
  const int last = sampling.size - 1;
  for (int k = 0; k < image.count; ++k) {
    const int sample = image.first + k, near = sample >> 1;
    const int far = std::clamp(near + (sample & 1) * 2 - 1, 0, last);
    out.weight[near - out.first] += 3 * image.weight[k];
    out.weight[far - out.first] += image.weight[k];
  }
  for (int j = 0; j < out.count; ++j) out.weight[j] = (out.weight[j] + 2) >> 2;
  out.add_up_to(1 << bits, (image.first + image.count / 2) >> 1);
}

void set(Taps& taps, int index, int bits, const Weights& from) {
  taps.start[index] = from.first;
  taps.count[index] = from.count;
  taps.max_count = std::max(taps.max_count, from.count);
  taps.low = std::min(taps.low, from.first);
  taps.high = std::max(taps.high, from.first + from.count);
  int* weight = taps.weight + index * taps.stride;
  // One whole sample does not fit sixteen bits: the Q8 kernels' rounding makes up for it.
  const int most = bits == kQ8Bits ? (1 << bits) - 1 : 1 << bits;
  for (int k = 0; k < from.count; ++k) weight[k] = std::min(from.weight[k], most);
}

}  // namespace

Taps make_taps(const Axis& axis, const Sampling& sampling, int bits, Arena& arena) {
  const int n = axis.outputs;
  const int most = static_cast<int>(std::ceil(2 * std::max(axis.scale(), 1.0))) + 3;
  Taps taps;
  taps.outputs = n;
  taps.stride = most / sampling.ratio + 3;
  taps.start = arena.take_array<int>(n);
  taps.count = arena.take_array<int>(n);
  taps.weight = arena.take_array<int>(static_cast<std::size_t>(n) * taps.stride);
  taps.low = sampling.size;
  double* scratch = arena.take_array<double>(most);
  Weights image, component;
  image.weight = arena.take_array<int>(most);
  component.weight = arena.take_array<int>(taps.stride);
  for (int i = 0; i < n; ++i) {
    const int at = axis.mirror ? n - 1 - i : i;
    triangle(axis, i, bits, scratch, image);
    if (sampling.ratio > 1) compose(image, sampling, bits, component);
    set(taps, at, bits, sampling.ratio > 1 ? component : image);
  }
  return taps;
}

}  // namespace slip
