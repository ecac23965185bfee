// Separable resampling of 8-bit rows.
#pragma once

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/resample_kernels.h"
#include "slip/upsample.h"

namespace slip {

// The taps of both axes, shared by planes of the same sampling.
struct ResamplePlan {
  Taps x, y;      // y is never mirrored: the caller turns its rows around
  Groups groups;  // of x, where the kernels want them
  bool vertical_first = false;
};

// The taps of both axes over image samples, from which those of every component follow.
struct ImageTaps {
  Taps x, y;
  bool vertical_first = false;
};
template <class Sample>
ImageTaps make_image_taps(const Axis& x, const Axis& y, Arena& arena);
template <class Sample>
ResamplePlan make_resample_plan(const ImageTaps& image, const PlaneSampling& sampling, Arena& arena);

// The rows of resampled planes, in order; only the rows that the vertical pass still needs are kept. Sample
// is Q8 or Level, the kind of passes.
template <class Sample>
class Resampler {
 public:
  // `count` planes of the same region from planes[0] on. `plan` and the planes must outlive the resampler.
  Resampler(const ResamplePlan& plan, const Plane* planes, int count, Arena& arena);

  // Moves on to output row `index`, which must not descend.
  void move_to(int index);
  int count() const { return count_; }
  // That row of plane p: valid until the next move, readable up to the next multiple of 32 samples.
  const Sample* row(int p) const { return out_[p]; }

 private:
  Sample* slot(int p, int y) const { return ring_[p] + static_cast<std::size_t>(y & mask_) * width_; }
  const std::uint8_t* source(int p, int y) const {
    return planes_[p].data + (y - planes_[p].region.y) * planes_[p].stride;
  }
  void take_weights(int index);
  void fill_ring(int end);
  void blend_ring(int index);
  void blend_source(int index);

  const ResamplePlan& plan_;
  const PassKernels<Sample>& kernels_;
  const Plane* planes_;
  int count_;
  int width_;     // of a row of the ring
  int mask_;      // the ring holds mask + 1 rows, sample row y at y & mask
  int next_ = 0;  // sample row that enters the ring next
  Sample* ring_[3] = {};
  Sample* out_[3] = {};
  Level* blended_[3] = {};  // a row between the passes where the vertical one comes first
  const Sample** rows_;     // what one row of the vertical pass blends, and with what weights
  int* weights_;
};

}  // namespace slip
