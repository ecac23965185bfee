// The inner loops of resampling, one table for each SIMD level, and the plain tables of taps they read.
#pragma once

#include <cstdint>

namespace slip {

// Output i is the sum over k < count[i] of sample[start[i] + k] * weight[k * stride + i]; from count[i] to
// max_count the weights are zero. Up to the next multiple of 16 outputs the last start and count are
// repeated, with weights of zero.
struct Taps {
  int outputs = 0;
  int max_count = 0;
  int stride = 0;
  int low = 0, high = 0;  // samples [low, high) are touched
  int* start = nullptr;   // ascending, or descending where the axis is mirrored
  int* count = nullptr;
  int* weight = nullptr;
};

// Horizontal taps regrouped for byte shuffles. A block is what fills one 256-bit vector; each of its halves
// loads its samples from one place: for step s, windows times 16 bytes from base + s * taps of a step on. The
// shuffle picks the bytes of each output, and zero where another window has them.
struct Groups {
  int blocks = 0;
  int steps = 0;
  int windows = 0;
  bool compact = false;             // the first window holds the samples of all steps
  int* base = nullptr;              // sample numbers, [blocks][2]
  std::uint8_t* shuffle = nullptr;  // [blocks][windows][32]
  std::int16_t* weight = nullptr;   // [blocks][steps][16], for levels [blocks][steps][2][16]
  std::int16_t* bias = nullptr;     // Q8 only: [blocks][16]
};

// Two kinds of passes. Q8: sixteen bits, a level is 256, weights over 2^16 (one whole sample is 65535), at
// most kMostQ8Taps taps. Levels: rounded to whole levels after either pass, weights over 2^22: Pillow's own
// arithmetic.
using Q8 = std::uint16_t;
using Level = std::uint8_t;
constexpr int kMostQ8Taps = 32;
constexpr int kQ8Bits = 16, kLevelBits = 22;

template <class Sample>
struct PassKernels {
  // out[p][i] is output i of the taps over rows[p], whose first sample is number `origin`. Reads up to 64
  // bytes past the last sample touched, writes up to the next multiple of 32 outputs.
  void (*horizontal)(const std::uint8_t* const* rows, int planes, const Taps& taps, const Groups& groups,
                     int origin, Sample* const* out);
  // out[i] is the sum over k of rows[k][i] * weights[k]; up to the next multiple of 32 outputs.
  void (*vertical)(const Sample* const* rows, const int* weights, int count, int width, Sample* out);
};
extern const PassKernels<Q8> q8_kernels_portable, q8_kernels_avx2;
extern const PassKernels<Level> level_kernels_portable, level_kernels_avx2;

}  // namespace slip
