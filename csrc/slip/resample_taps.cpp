#include "slip/resample_taps.h"

#include <algorithm>
#include <cmath>

namespace slip {
namespace {

// Adds up in `weights`, which starts at component sample `origin`, what the image samples of `span` weigh.
// Returns their sum.
double weigh(const Axis& axis, int index, Span span, const Sampling& sampling, int origin, double* weights) {
  const double scale = axis.scale();
  const double inverse_support = 1.0 / std::max(scale, 1.0);
  const double center = axis.begin + (index + 0.5) * scale;
  double sum = 0;
  for (int i = span.first; i < span.last; ++i) {
    const double distance = std::abs((i + 0.5 - center) * inverse_support);
    double weight = std::max(0.0, 1.0 - distance);
    if (span.last - span.first == 1) weight = 1.0;
    sum += weight;
    if (sampling.triangle) {
      const int near = i / 2;
      const int far = std::clamp(i % 2 == 0 ? near - 1 : near + 1, 0, sampling.size - 1);
      weights[near - origin] += 0.75 * weight;
      weights[far - origin] += 0.25 * weight;
    } else {
      weights[i / sampling.ratio - origin] += weight;
    }
  }
  return sum;
}

// Rounds to 1/65536 so that the sum stays what it was.
void quantise(const double* weights, int count, double sum, std::uint16_t* out) {
  const double unit = 65536.0 / sum;
  int left = 65536, largest = 0;
  for (int k = 0; k < count; ++k) {
    const int value = std::min(static_cast<int>(weights[k] * unit + 0.5), 65535);
    out[k] = static_cast<std::uint16_t>(value);
    left -= value;
    if (out[k] > out[largest]) largest = k;
  }
  out[largest] = static_cast<std::uint16_t>(std::clamp(out[largest] + left, 0, 65535));
}

}  // namespace

Taps make_taps(const Axis& axis, const Sampling& sampling, Arena& arena) {
  Taps taps;
  const int n = taps.outputs = axis.outputs;
  const double support = std::max(axis.scale(), 1.0);
  taps.stride = static_cast<int>(std::ceil(2 * support / sampling.ratio)) + 3;
  taps.start = arena.take_array<int>(n);
  taps.count = arena.take_array<int>(n);
  taps.weight = arena.take_array<std::uint16_t>(static_cast<std::size_t>(n) * taps.stride);
  double* weights = arena.take_array<double>(taps.stride);
  taps.low = sampling.size;
  for (int i = 0; i < n; ++i) {
    const Span span = touched(axis, i);
    const Span samples = sampling.made_of(span);
    const int count = samples.last - samples.first;
    std::fill_n(weights, count, 0.0);
    const double sum = weigh(axis, i, span, sampling, samples.first, weights);
    const int at = axis.mirror ? n - 1 - i : i;
    taps.start[at] = samples.first;
    taps.count[at] = count;
    taps.max_count = std::max(taps.max_count, count);
    taps.low = std::min(taps.low, samples.first);
    taps.high = std::max(taps.high, samples.last);
    quantise(weights, count, sum, taps.weight + static_cast<std::size_t>(at) * taps.stride);
  }
  return taps;
}

}  // namespace slip
