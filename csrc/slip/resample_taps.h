// Which samples each output of an axis blends, and with what weights.
#pragma once

#include <cstdint>

#include "slip/arena.h"
#include "slip/geometry.h"
#include "slip/upsample.h"

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

// The antialiased triangle filter of Pillow over the samples of a component: its taps over image samples,
// followed by the upsampling of the component, in one table.
Taps make_taps(const Axis& axis, const Sampling& sampling, Arena& arena);

}  // namespace slip
