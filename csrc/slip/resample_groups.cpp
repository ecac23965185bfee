#include "slip/resample_groups.h"

#include <algorithm>
#include <cstring>

namespace slip {
namespace {

constexpr int kWindow = 16;  // bytes of half a vector

// `half` outputs fill half a vector; each step moves on by `step_taps` samples, whose weights fill
// `weight_vectors`.
struct Shape {
  int half, step_taps, weight_vectors;
};

// The outputs of one half of a block; the last halves may have fewer, or none.
struct Half {
  int first, count;
};

Half half_of(const Taps& taps, const Shape& shape, int index) {
  const int first = std::min(index * shape.half, taps.outputs - 1);
  return {first, std::clamp(taps.outputs - index * shape.half, 0, shape.half)};
}

Groups make_groups(const Taps& taps, const Shape& shape, Arena& arena) {
  Groups groups;
  groups.blocks = (taps.outputs + 2 * shape.half - 1) / (2 * shape.half);
  groups.steps = (taps.max_count + shape.step_taps - 1) / shape.step_taps;
  groups.base = arena.take_array<int>(groups.blocks * 2);
  int span = 0;
  for (int index = 0; index < groups.blocks * 2; ++index) {
    const Half half = half_of(taps, shape, index);
    // Starts ascend, or descend where the axis is mirrored.
    const int a = taps.start[half.first], b = taps.start[half.first + std::max(half.count - 1, 0)];
    groups.base[index] = std::min(a, b);
    span = std::max(span, std::max(a, b) - std::min(a, b) + shape.step_taps);
  }
  groups.windows = (span + kWindow - 1) / kWindow;
  groups.compact = span + (groups.steps - 1) * shape.step_taps <= kWindow;
  const std::size_t shuffles = static_cast<std::size_t>(groups.blocks) * groups.windows * 2 * kWindow;
  const std::size_t weights =
      static_cast<std::size_t>(groups.blocks) * groups.steps * shape.weight_vectors * kWindow;
  groups.shuffle = arena.take_array<std::uint8_t>(shuffles);
  groups.weight = arena.take_array<std::int16_t>(weights);
  std::memset(groups.shuffle, 0x80, shuffles);
  std::memset(groups.weight, 0, weights * sizeof(std::int16_t));
  return groups;
}

// Where the shuffle of a lane's first byte is, for a sample `offset` past the base.
std::uint8_t& shuffle_at(const Groups& groups, int index, int byte, int offset) {
  const int window = offset / kWindow;
  return groups.shuffle[((index / 2 * groups.windows + window) * 2 + index % 2) * kWindow + byte];
}

}  // namespace

Groups make_q8_groups(const Taps& taps, Arena& arena) {
  constexpr Shape kShape{8, 1, 1};
  Groups groups = make_groups(taps, kShape, arena);
  groups.bias = arena.take_array<std::int16_t>(groups.blocks * 16);
  std::memset(groups.bias, 0, groups.blocks * 16 * sizeof(std::int16_t));
  for (int index = 0; index < groups.blocks * 2; ++index) {
    const Half half = half_of(taps, kShape, index);
    std::int16_t* weight = groups.weight + index / 2 * groups.steps * 16 + index % 2 * 8;
    for (int lane = 0; lane < half.count; ++lane) {
      const int output = half.first + lane, offset = taps.start[output] - groups.base[index];
      // The sample becomes the high byte of sixteen bits.
      shuffle_at(groups, index, 2 * lane + 1, offset) = static_cast<std::uint8_t>(offset % kWindow);
      groups.bias[index * 8 + lane] = static_cast<std::int16_t>((taps.count[output] + 1) / 2);
      const int* from = taps.weight + output * taps.stride;
      for (int k = 0; k < taps.count[output]; ++k) weight[k * 16 + lane] = static_cast<std::int16_t>(from[k]);
    }
  }
  return groups;
}

Groups make_level_groups(const Taps& taps, Arena& arena) {
  constexpr Shape kShape{4, 2, 2};
  constexpr int kLowBits = kLevelBits / 2;
  Groups groups = make_groups(taps, kShape, arena);
  for (int index = 0; index < groups.blocks * 2; ++index) {
    const Half half = half_of(taps, kShape, index);
    std::int16_t* weight = groups.weight + index / 2 * groups.steps * 32 + index % 2 * 8;
    for (int lane = 0; lane < half.count; ++lane) {
      const int output = half.first + lane, offset = taps.start[output] - groups.base[index];
      // Two neighbours become two words of sixteen bits.
      for (int n = 0; n < 2; ++n) {
        shuffle_at(groups, index, 4 * lane + 2 * n, offset + n) =
            static_cast<std::uint8_t>((offset + n) % kWindow);
      }
      const int* from = taps.weight + output * taps.stride;
      for (int k = 0; k < taps.count[output]; ++k) {
        std::int16_t* to = weight + k / 2 * 32 + 2 * lane + k % 2;
        to[0] = static_cast<std::int16_t>(from[k] >> kLowBits);
        to[16] = static_cast<std::int16_t>(from[k] & ((1 << kLowBits) - 1));
      }
    }
  }
  return groups;
}

}  // namespace slip
