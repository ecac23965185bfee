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

Groups make_groups(const Taps& taps, const Shape& shape, Arena& arena) {
  Groups groups;
  groups.blocks = (taps.outputs + 2 * shape.half - 1) / (2 * shape.half);
  groups.steps = (taps.max_count + shape.step_taps - 1) / shape.step_taps;
  groups.base = arena.take_array<int>(groups.blocks * 2);
  int span = 0;
  for (int index = 0; index < groups.blocks * 2; ++index) {
    // Starts ascend, or descend where the axis is mirrored.
    const int a = taps.start[index * shape.half], b = taps.start[(index + 1) * shape.half - 1];
    groups.base[index] = std::min(a, b);
    span = std::max(span, std::max(a, b) - std::min(a, b) + shape.step_taps);
  }
  groups.windows = (span + kWindow - 1) / kWindow;
  groups.compact = span + (groups.steps - 1) * shape.step_taps <= kWindow;
  const std::size_t blocks = static_cast<std::size_t>(groups.blocks);
  groups.shuffle = arena.take_array<std::uint8_t>(blocks * groups.windows * 2 * kWindow);
  groups.weight = arena.take_array<std::int16_t>(blocks * groups.steps * shape.weight_vectors * kWindow);
  return groups;
}

// Sixteen bits of a shuffle whose high byte becomes sample `offset` past a window's first, if it is there,
// and all others zero.
std::uint16_t high_byte(int offset) {
  return static_cast<std::uint16_t>((static_cast<unsigned>(offset) < kWindow ? offset : 0x80) << 8 | 0x80);
}

}  // namespace

Groups make_q8_groups(const Taps& taps, Arena& arena) {
  constexpr int kHalf = 8, kBlock = 2 * kHalf;
  Groups groups = make_groups(taps, {kHalf, 1, 1}, arena);
  groups.bias = arena.take_array<std::int16_t>(groups.blocks * kBlock);
  for (int i = 0; i < groups.blocks * kBlock; ++i)
    groups.bias[i] = static_cast<std::int16_t>((taps.count[i] + 1) / 2);
  std::int16_t* weight = groups.weight;
  for (int block = 0; block < groups.blocks; ++block) {
    for (int k = 0; k < groups.steps; ++k, weight += kBlock) {
      const int* from = taps.weight + k * taps.stride + block * kBlock;
      for (int i = 0; i < kBlock; ++i) weight[i] = static_cast<std::int16_t>(from[i]);
    }
  }
  std::uint8_t* shuffle = groups.shuffle;
  for (int block = 0; block < groups.blocks; ++block) {
    for (int window = 0; window < groups.windows; ++window) {
      for (int half = 2 * block; half < 2 * block + 2; ++half, shuffle += kWindow) {
        const int* start = taps.start + half * kHalf;
        const int from = groups.base[half] + window * kWindow;
        std::uint16_t words[kHalf];
        for (int i = 0; i < kHalf; ++i) words[i] = high_byte(start[i] - from);
        std::memcpy(shuffle, words, sizeof(words));
      }
    }
  }
  return groups;
}

Groups make_level_groups(const Taps& taps, Arena& arena) {
  constexpr int kHalf = 4, kBlock = 2 * kHalf, kLowBits = kLevelBits / 2;
  Groups groups = make_groups(taps, {kHalf, 2, 2}, arena);
  std::memset(groups.shuffle, 0x80, static_cast<std::size_t>(groups.blocks) * groups.windows * 2 * kWindow);
  for (int output = 0; output < groups.blocks * kBlock; ++output) {
    const int block = output / kBlock, half = output / kHalf;
    const int offset = taps.start[output] - groups.base[half];
    // Two neighbours become two words of sixteen bits.
    for (int n = 0; n < 2; ++n) {
      const int window = (offset + n) / kWindow, byte = 4 * (output % kHalf) + 2 * n;
      groups.shuffle[((block * groups.windows + window) * 2 + half % 2) * kWindow + byte] =
          static_cast<std::uint8_t>((offset + n) % kWindow);
    }
  }
  for (int block = 0; block < groups.blocks; ++block) {
    std::int16_t* to = groups.weight + static_cast<std::size_t>(block) * groups.steps * 2 * kWindow;
    for (int k = 0; k < 2 * groups.steps; ++k) {
      const bool there = k < taps.max_count;
      const int* from = taps.weight + (there ? k * taps.stride : 0) + block * kBlock;
      for (int i = 0; i < kBlock; ++i) {
        const int weight = there ? from[i] : 0, lane = k / 2 * 2 * kWindow + 2 * i + k % 2;
        to[lane] = static_cast<std::int16_t>(weight >> kLowBits);
        to[lane + kWindow] = static_cast<std::int16_t>(weight & ((1 << kLowBits) - 1));
      }
    }
  }
  return groups;
}

}  // namespace slip
