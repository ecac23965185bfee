#include "slip/resample_table.h"

#include <algorithm>

namespace slip {

Taps make_table(int outputs, int most, Arena& arena) {
  Taps taps;
  taps.outputs = outputs;
  taps.max_count = most;
  taps.stride = (outputs + 15) & ~15;
  taps.start = arena.take_array<int>(taps.stride);
  taps.count = arena.take_array<int>(taps.stride);
  taps.weight = arena.take_array<int>(static_cast<std::size_t>(most) * taps.stride);
  return taps;
}

void add_up(Taps& taps, const int* center, int one, Arena& arena) {
  const int n = taps.outputs;
  int* left = arena.take_array<int>(n);
  std::fill_n(left, n, one);
  for (int k = 0; k < taps.max_count; ++k) {
    const int* weight = taps.weight + k * taps.stride;
    for (int i = 0; i < n; ++i) left[i] -= weight[i];
  }
  for (int i = 0; i < n; ++i) {
    const int k = std::clamp(center[i] - taps.start[i], 0, taps.count[i] - 1);
    int& weight = taps.weight[k * taps.stride + i];
    weight = std::min(weight + left[i], one - 1);
  }
}

void finish(Taps& taps) {
  const int n = taps.outputs, last = n - 1, *start = taps.start, *count = taps.count;
  taps.max_count = *std::max_element(count, count + n);
  taps.low = std::min(start[0], start[last]);
  taps.high = std::max(start[0] + count[0], start[last] + count[last]);
  std::fill(taps.start + n, taps.start + taps.stride, start[last]);
  std::fill(taps.count + n, taps.count + taps.stride, count[last]);
  for (int k = 0; k < taps.max_count; ++k) {
    std::fill(taps.weight + k * taps.stride + n, taps.weight + (k + 1) * taps.stride, 0);
  }
}

}  // namespace slip
