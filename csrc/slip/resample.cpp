#include "slip/resample.h"

#include <type_traits>

#include "slip/resample_groups.h"
#include "slip/resample_taps.h"
#include "slip/simd.h"

namespace slip {
namespace {

template <class Sample>
const PassKernels<Sample>& pass_kernels() {
  constexpr bool kQ8 = std::is_same_v<Sample, Q8>;
#if SLIP_X86
  if (simd_level() == Simd::avx2) {
    if constexpr (kQ8) {
      return q8_kernels_avx2;
    } else {
      return level_kernels_avx2;
    }
  }
#endif
  if constexpr (kQ8) {
    return q8_kernels_portable;
  } else {
    return level_kernels_portable;
  }
}

int ring_size(int rows) {
  int size = 1;
  while (size < rows) size *= 2;
  return size;
}

}  // namespace

template <class Sample>
ImageTaps make_image_taps(const Axis& x, const Axis& y, Arena& arena) {
  constexpr bool kQ8 = std::is_same_v<Sample, Q8>;
  constexpr int kBits = kQ8 ? kQ8Bits : kLevelBits;
  Axis ascending = y;
  ascending.mirror = false;
  ImageTaps taps;
  taps.x = make_image_taps(x, kBits, arena);
  taps.y = make_image_taps(ascending, kBits, arena);
  // Pillow's choice, which shows in the rounding between the passes.
  const int shrink_x = x.high - x.low - x.outputs, shrink_y = y.high - y.low - y.outputs;
  taps.vertical_first = !kQ8 && shrink_y > 0 && shrink_y > 2 * shrink_x;
  return taps;
}

template <class Sample>
ResamplePlan make_resample_plan(const ImageTaps& image, const PlaneSampling& sampling, Arena& arena) {
  constexpr bool kQ8 = std::is_same_v<Sample, Q8>;
  constexpr int kBits = kQ8 ? kQ8Bits : kLevelBits;
  ResamplePlan plan;
  plan.x = make_component_taps(image.x, sampling.x, kBits, arena);
  plan.y = make_component_taps(image.y, sampling.y, kBits, arena);
  plan.vertical_first = image.vertical_first;
  if (simd_level() == Simd::avx2)
    plan.groups = kQ8 ? make_q8_groups(plan.x, arena) : make_level_groups(plan.x, arena);
  return plan;
}

template <class Sample>
Resampler<Sample>::Resampler(const ResamplePlan& plan, const Plane* planes, int count, Arena& arena)
    : plan_(plan),
      kernels_(pass_kernels<Sample>()),
      planes_(planes),
      count_(count),
      width_((plan.x.outputs + 31) & ~31),
      mask_(ring_size(plan.y.max_count) - 1),
      rows_(arena.take_array<const Sample*>(plan.y.max_count)),
      weights_(arena.take_array<int>(plan.y.max_count)) {
  for (int p = 0; p < count; ++p) {
    if (plan.vertical_first) {
      blended_[p] = arena.take_array<Level>(plan.x.high - plan.x.low + 32);
    } else {
      ring_[p] = arena.take_array<Sample>(static_cast<std::size_t>(width_) * (mask_ + 1));
    }
    out_[p] = arena.take_array<Sample>(width_);
  }
}

template <class Sample>
void Resampler<Sample>::take_weights(int index) {
  const Taps& taps = plan_.y;
  for (int k = 0; k < taps.count[index]; ++k) weights_[k] = taps.weight[k * taps.stride + index];
}

template <class Sample>
void Resampler<Sample>::fill_ring(int end) {
  for (; next_ < end; ++next_) {
    const std::uint8_t* from[3];
    Sample* to[3];
    for (int p = 0; p < count_; ++p) {
      from[p] = source(p, next_);
      to[p] = slot(p, next_);
    }
    kernels_.horizontal(from, count_, plan_.x, plan_.groups, planes_[0].region.x, to);
  }
}

template <class Sample>
void Resampler<Sample>::blend_ring(int index) {
  const Taps& taps = plan_.y;
  const int start = taps.start[index], count = taps.count[index];
  if (next_ < start) next_ = start;
  fill_ring(start + count);
  take_weights(index);
  for (int p = 0; p < count_; ++p) {
    for (int k = 0; k < count; ++k) rows_[k] = slot(p, start + k);
    kernels_.vertical(rows_, weights_, count, width_, out_[p]);
  }
}

template <>
void Resampler<Level>::blend_source(int index) {
  const Taps &x = plan_.x, &y = plan_.y;
  take_weights(index);
  for (int p = 0; p < count_; ++p) {
    for (int k = 0; k < y.count[index]; ++k) {
      rows_[k] = source(p, y.start[index] + k) + (x.low - planes_[p].region.x);
    }
    kernels_.vertical(rows_, weights_, y.count[index], x.high - x.low, blended_[p]);
  }
  kernels_.horizontal(blended_, count_, x, plan_.groups, x.low, out_);
}

template <class Sample>
void Resampler<Sample>::move_to(int index) {
  if constexpr (std::is_same_v<Sample, Level>) {
    if (plan_.vertical_first) return blend_source(index);
  }
  blend_ring(index);
}

template ImageTaps make_image_taps<Q8>(const Axis&, const Axis&, Arena&);
template ImageTaps make_image_taps<Level>(const Axis&, const Axis&, Arena&);
template ResamplePlan make_resample_plan<Q8>(const ImageTaps&, const PlaneSampling&, Arena&);
template ResamplePlan make_resample_plan<Level>(const ImageTaps&, const PlaneSampling&, Arena&);
template class Resampler<Q8>;
template class Resampler<Level>;

}  // namespace slip
