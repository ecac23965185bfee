#include <algorithm>
#include <cmath>

#include "slip/resample_table.h"
#include "slip/resample_taps.h"

namespace slip {
namespace {

// Weights of the component's samples where it is repeated.
Taps repeat(const Taps& image, const Sampling& sampling, Arena& arena) {
  Taps taps = make_table(image.outputs, image.max_count, arena);
  std::fill_n(taps.weight, static_cast<std::size_t>(taps.max_count) * taps.stride, 0);
  for (int i = 0; i < taps.outputs; ++i) {
    const Span span = sampling.made_of({image.start[i], image.start[i] + image.count[i]});
    taps.start[i] = span.first;
    taps.count[i] = span.last - span.first;
    for (int k = 0; k < image.count[i]; ++k) {
      const int j = (image.start[i] + k) / sampling.ratio - span.first;
      taps.weight[j * taps.stride + i] += image.weight[k * image.stride + i];
    }
  }
  return taps;
}

// Component sample j weighs 3/4 in image samples 2 j and 2 j + 1, and 1/4 in their outer neighbours: where
// the image's taps start at an even sample, it is in the outer neighbour of component sample start / 2 - 1.
// Samples -1 and `size` may come out, too.
Taps compose(const Taps& image, Arena& arena) {
  Taps taps = make_table(image.outputs, image.max_count / 2 + 2, arena);
  const int n = taps.outputs;
  for (int i = 0; i < n; ++i) {
    const int odd = image.start[i] & 1;
    taps.start[i] = (image.start[i] >> 1) - 1 + odd;
    taps.count[i] = (image.count[i] + odd) / 2 + 2 - odd;
  }
  int* zeros = arena.take_array<int>(n);
  std::fill_n(zeros, n, 0);
  auto row = [&](int k) { return k < 0 || k >= image.max_count ? zeros : image.weight + k * image.stride; };
  for (int j = 0; j < taps.max_count; ++j) {
    const int *a = row(2 * j - 3), *b = row(2 * j - 2), *c = row(2 * j - 1), *d = row(2 * j),
              *e = row(2 * j + 1), *start = image.start;
    int* weight = taps.weight + j * taps.stride;
    for (int i = 0; i < n; ++i) {
      const int odd = b[i] + 3 * (c[i] + d[i]) + e[i], even = a[i] + 3 * (b[i] + c[i]) + d[i];
      weight[i] = ((start[i] & 1 ? odd : even) + 2) >> 2;
    }
  }
  return taps;
}

// At its ends the component is continued by its outermost samples. False where output `i` lies within.
bool fold_ends(Taps& taps, int i, int size) {
  int &start = taps.start[i], &count = taps.count[i], *weight = taps.weight + i;
  const int stride = taps.stride;
  const bool before = start<0, beyond = start + count> size;
  if (before) {
    weight[0] += weight[stride];
    for (int k = 1; k + 1 < count; ++k) weight[k * stride] = weight[(k + 1) * stride];
    weight[--count * stride] = 0;
    start = 0;
  }
  if (beyond) {
    --count;
    weight[(count - 1) * stride] += weight[count * stride];
    weight[count * stride] = 0;
  }
  return before || beyond;
}

Taps triangle_of_component(const Taps& image, int size, int one, Arena& arena) {
  Taps taps = compose(image, arena);
  const int n = taps.outputs;
  for (int i = 0; i < n && fold_ends(taps, i, size);) ++i;
  for (int i = n - 1; i >= 0 && fold_ends(taps, i, size);) --i;
  int* center = arena.take_array<int>(n);
  for (int i = 0; i < n; ++i) center[i] = (image.start[i] + image.count[i] / 2) >> 1;
  add_up(taps, center, one, arena);
  return taps;
}

// A reduced sample weighs what its samples do, and within it they are taken to rise or fall as its neighbours
// say, which makes up for most of what their mean does not tell.
Taps reduce(const Taps& whole, int shift, Arena& arena) {
  const int size = 1 << shift;
  Taps taps = make_table(whole.outputs, whole.max_count / size + 2, arena);
  std::fill_n(taps.weight, static_cast<std::size_t>(taps.max_count) * taps.stride, 0);
  for (int i = 0; i < taps.outputs; ++i) {
    const int from = whole.start[i], end = from + whole.count[i];
    const int first = from >> shift, count = ((end - 1) >> shift) + 1 - first;
    taps.start[i] = first;
    taps.count[i] = count;
    int* out = taps.weight + i;
    for (int j = 0; j < count; ++j) {
      const int begin = (first + j) << shift;
      long long sum = 0, moment = 0;  // the moment in halves of a sample
      for (int k = std::max(begin, from); k < std::min(begin + size, end); ++k) {
        const int weight = whole.weight[(k - from) * whole.stride + i];
        sum += weight;
        moment += static_cast<long long>(weight) * (2 * (k - begin) - (size - 1));
      }
      const int before = std::max(j - 1, 0), after = std::min(j + 1, count - 1);
      const int rise =
          before == after ? 0 : static_cast<int>(std::lround(moment / (2.0 * size * (after - before))));
      out[j * taps.stride] += static_cast<int>(sum);
      out[before * taps.stride] -= rise;
      out[after * taps.stride] += rise;
    }
    // The passes know no weights below zero, which the ends may come to.
    int& middle = out[count / 2 * taps.stride];
    for (int j = 0; j < count; ++j) {
      int& weight = out[j * taps.stride];
      middle += std::min(weight, 0);
      weight = std::max(weight, 0);
    }
  }
  return taps;
}

}  // namespace

Taps make_component_taps(const Taps& image, const Sampling& sampling, int bits, Arena& arena) {
  if (sampling.ratio == 1 && sampling.shift == 0) return image;
  const int one = 1 << bits;
  Taps taps = image;
  if (sampling.triangle) {
    taps = triangle_of_component(image, sampling.size, one, arena);
  } else if (sampling.ratio > 1) {
    taps = repeat(image, sampling, arena);
    if (bits == kQ8Bits) {
      int* center = arena.take_array<int>(taps.outputs);
      for (int i = 0; i < taps.outputs; ++i) center[i] = taps.start[i] + taps.count[i] / 2;
      add_up(taps, center, one, arena);
    }
  }
  if (sampling.shift > 0) taps = reduce(taps, sampling.shift, arena);
  finish(taps);
  return taps;
}

}  // namespace slip
