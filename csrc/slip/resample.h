// Separable resampling of 8-bit rows, horizontally first; between and after the passes a level is 256 (Q8).
#pragma once

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/resample_kernels.h"
#include "slip/upsample.h"

namespace slip {

// The taps of both axes with the kernels that suit them; shared by planes of the same sampling.
struct ResamplePlan {
  Taps x, y;  // y is never mirrored: the caller turns its rows around
  Groups groups;
  Between between = Between::q8;
  const ResampleKernels* horizontal = nullptr;
  const ResampleKernels* vertical = nullptr;
};
ResamplePlan make_resample_plan(const Axis& x, const Axis& y, const PlaneSampling& sampling, Between between,
                                Arena& arena);

// The rows of one resampled plane, in order; only the rows that the vertical pass still needs are kept.
class Resampler {
 public:
  Resampler() = default;
  // Both `plan` and `plane` must outlive the resampler.
  Resampler(const ResamplePlan& plan, const Plane& plane, Arena& arena);

  // Output row `index`, Q8, valid until the next call and readable up to the next multiple of 32 samples.
  // Indices must not descend.
  const std::uint16_t* row(int index);

 private:
  std::uint16_t* slot(int y) const { return ring_ + static_cast<std::size_t>(y & mask_) * width_; }

  const ResamplePlan* plan_ = nullptr;
  const Plane* plane_ = nullptr;
  int width_ = 0;  // of a row of the ring
  int mask_ = 0;   // the ring holds mask + 1 rows, sample row y at y & mask
  int next_ = 0;   // sample row that enters the ring next
  std::uint16_t* ring_ = nullptr;
  std::uint16_t* out_ = nullptr;
  const std::uint16_t** rows_ = nullptr;
};

}  // namespace slip
