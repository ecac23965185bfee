// The inner loops of resampling, one table for each SIMD level, and the plain tables of taps they read.
#pragma once

#include <cstdint>

namespace slip {

// Up to here sixteen bits hold the running sums; above, the wide kernels are used.
constexpr int kNarrowTaps = 32;

// Output i is the sum over k < count[i] of sample[start[i] + k] * weight[i * stride + k] / 65536.
struct Taps {
  int outputs = 0;
  int max_count = 0;
  int stride = 0;
  int low = 0, high = 0;  // samples [low, high) are touched
  int* start = nullptr;   // ascending, or descending where the axis is mirrored
  int* count = nullptr;
  std::uint16_t* weight = nullptr;  // of an output: adds up to 65536, or is 65535 where there is but one

  bool wide() const { return max_count > kNarrowTaps; }
};

// Horizontal taps regrouped for byte shuffles: eight outputs share their loads.
//
// Outputs 16 p + lane, lane in [0, 16), make up pair p: lanes 0-7 read from base[2 p], lanes 8-15 from base[2
// p + 1]. For tap k a half loads `windows` times 16 bytes from base + k on; the shuffle moves the byte of
// each lane into the high half of its sixteen bits, and zero where another window has it.
struct Groups {
  int pairs = 0;
  int taps = 0;                     // of the output that has most
  int windows = 0;                  // of the half that spans most
  int* base = nullptr;              // sample numbers, [pairs][2]
  std::uint8_t* shuffle = nullptr;  // [pairs][windows][32]
  std::uint16_t* weight = nullptr;  // [pairs][taps][16]
  std::uint16_t* bias = nullptr;    // [pairs][16]
};

// Between the passes levels keep eight more bits, or are rounded to whole levels as Pillow does.
enum class Between : std::uint8_t { q8, levels };

struct ResampleKernels {
  // out[i] is output i of the taps over `row`, whose first sample is number `origin`. Writes up to the next
  // multiple of 32 outputs.
  void (*horizontal)(const std::uint8_t* row, const Taps& taps, const Groups& groups, int origin,
                     Between between, std::uint16_t* out);
  // out[i] = sum over k of rows[k][i] * weights[k] / 65536
  void (*vertical)(const std::uint16_t* const* rows, const std::uint16_t* weights, int count, int width,
                   std::uint16_t* out);
};
extern const ResampleKernels resample_kernels_portable;
extern const ResampleKernels resample_kernels_avx2;
extern const ResampleKernels resample_kernels_wide;  // more than kNarrowTaps taps; the same at every level

}  // namespace slip
