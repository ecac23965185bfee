#include "slip/resample_groups.h"

#include <algorithm>
#include <cstring>

namespace slip {
namespace {

constexpr int kLanes = 16, kHalf = 8, kBytes = 16;

struct Half {
  int first, count;  // outputs
};

Half half_of(const Taps& taps, int index) {
  const int first = std::min(index * kHalf, taps.outputs - 1);
  return {first, std::clamp(taps.outputs - index * kHalf, 0, kHalf)};
}

void place(const Taps& taps, int index, const Groups& groups) {
  const Half half = half_of(taps, index);
  const int pair = index / 2, lane0 = (index % 2) * kHalf;
  const int base = groups.base[index];
  std::uint8_t* shuffle = groups.shuffle + pair * groups.windows * 2 * kBytes + lane0 * 2;
  std::uint16_t* weight = groups.weight + pair * groups.taps * kLanes + lane0;
  std::uint16_t* bias = groups.bias + pair * kLanes + lane0;
  for (int lane = 0; lane < half.count; ++lane) {
    const int output = half.first + lane;
    const int offset = taps.start[output] - base, count = taps.count[output];
    shuffle[offset / kBytes * 2 * kBytes + 2 * lane + 1] = static_cast<std::uint8_t>(offset % kBytes);
    const std::uint16_t* from = taps.weight + static_cast<std::size_t>(output) * taps.stride;
    for (int k = 0; k < count; ++k) weight[k * kLanes + lane] = from[k];
    bias[lane] = static_cast<std::uint16_t>((count + 1) / 2);
  }
}

}  // namespace

Groups make_groups(const Taps& taps, Arena& arena) {
  Groups groups;
  groups.pairs = (taps.outputs + kLanes - 1) / kLanes;
  groups.taps = taps.max_count;
  groups.base = arena.take_array<int>(groups.pairs * 2);
  int span = 1;
  for (int index = 0; index < groups.pairs * 2; ++index) {
    const Half half = half_of(taps, index);
    // Starts ascend, or descend where the axis is mirrored.
    const int a = taps.start[half.first], b = taps.start[half.first + std::max(half.count - 1, 0)];
    groups.base[index] = std::min(a, b);
    span = std::max(span, std::abs(a - b) + 1);
  }
  groups.windows = (span + kBytes - 1) / kBytes;
  const std::size_t shuffles = static_cast<std::size_t>(groups.pairs) * groups.windows * 2 * kBytes;
  const std::size_t weights = static_cast<std::size_t>(groups.pairs) * groups.taps * kLanes;
  groups.shuffle = arena.take_array<std::uint8_t>(shuffles);
  groups.weight = arena.take_array<std::uint16_t>(weights);
  groups.bias = arena.take_array<std::uint16_t>(groups.pairs * kLanes);
  std::memset(groups.shuffle, 0x80, shuffles);
  std::memset(groups.weight, 0, weights * sizeof(std::uint16_t));
  std::memset(groups.bias, 0, groups.pairs * kLanes * sizeof(std::uint16_t));
  for (int index = 0; index < groups.pairs * 2; ++index) place(taps, index, groups);
  return groups;
}

}  // namespace slip
