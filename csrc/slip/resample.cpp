#include "slip/resample.h"

#include "slip/resample_groups.h"
#include "slip/resample_taps.h"
#include "slip/simd.h"

namespace slip {
namespace {

const ResampleKernels& kernels_for(const Taps& taps) {
  if (taps.wide()) return resample_kernels_wide;
#if SLIP_X86
  if (simd_level() == Simd::avx2) return resample_kernels_avx2;
#endif
  return resample_kernels_portable;
}

int ring_size(int rows) {
  int size = 1;
  while (size < rows) size *= 2;
  return size;
}

}  // namespace

ResamplePlan make_resample_plan(const Axis& x, const Axis& y, const PlaneSampling& sampling, Between between,
                                Arena& arena) {
  ResamplePlan plan;
  Axis ascending = y;
  ascending.mirror = false;
  plan.x = make_taps(x, sampling.x, arena);
  plan.y = make_taps(ascending, sampling.y, arena);
  plan.between = between;
  plan.horizontal = &kernels_for(plan.x);
  plan.vertical = &kernels_for(plan.y);
  if (plan.horizontal == &resample_kernels_avx2) plan.groups = make_groups(plan.x, arena);
  return plan;
}

Resampler::Resampler(const ResamplePlan& plan, const Plane& plane, Arena& arena)
    : plan_(&plan),
      plane_(&plane),
      width_((plan.x.outputs + 31) & ~31),
      mask_(ring_size(plan.y.max_count) - 1) {
  ring_ = arena.take_array<std::uint16_t>(static_cast<std::size_t>(width_) * (mask_ + 1));
  out_ = arena.take_array<std::uint16_t>(width_);
  rows_ = arena.take_array<const std::uint16_t*>(plan.y.max_count);
}

const std::uint16_t* Resampler::row(int index) {
  const Taps& taps = plan_->y;
  const int start = taps.start[index], count = taps.count[index];
  const Rect& region = plane_->region;
  if (next_ < start) next_ = start;
  for (; next_ < start + count; ++next_) {
    const std::uint8_t* from = plane_->data + (next_ - region.y) * plane_->stride;
    plan_->horizontal->horizontal(from, plan_->x, plan_->groups, region.x, plan_->between, slot(next_));
  }
  for (int k = 0; k < count; ++k) rows_[k] = slot(start + k);
  plan_->vertical->vertical(rows_, taps.weight + static_cast<std::size_t>(index) * taps.stride, count, width_,
                            out_);
  return out_;
}

}  // namespace slip
