// Chroma subsampling: what it is along each axis, and libjpeg-turbo's upsampling to the bit.
#pragma once

#include <cstdint>

#include "slip/arena.h"
#include "slip/geometry.h"
#include "slip/image.h"
#include "slip/status.h"
#include "slip/upsample_kernels.h"

namespace slip {

// How a component's samples relate to the image's along one axis.
struct Sampling {
  int ratio = 1;          // image samples per component sample
  bool triangle = false;  // upsampled with weights 3/4 and 1/4 (ratio 2 only), else repeated
  int size = 0;           // samples of the component along the axis
  int shift = 0;          // a sample of the plane stands for 2^shift of the component's

  // The component samples, never the plane's, that the image samples of `span` are made of.
  Span made_of(Span span) const;
  bool operator==(const Sampling& o) const {
    return ratio == o.ratio && triangle == o.triangle && size == o.size && shift == o.shift;
  }
};

struct PlaneSampling {
  Sampling x, y;
  bool operator==(const PlaneSampling& o) const { return x == o.x && y == o.y; }
};

// Fails for ratios that are no whole numbers, which libjpeg-turbo refuses too, and for planes whose sizes
// disagree with the image's.
Status sampling_of(const Planes& planes, int component, PlaneSampling& sampling);

// Rows of one component at the image's resolution, columns [first, last).
class Upsampler {
 public:
  // `plane` must outlive the upsampler and hold what upsampling of these columns and the asked rows touches.
  Upsampler(const Plane& plane, const PlaneSampling& sampling, int first, int last, Arena& arena);

  // Row y of the image from column `first` on, valid until the next call. Followed by kSlack readable bytes.
  const std::uint8_t* row(int y);

 private:
  const std::uint8_t* stored_row(int y) const;
  const std::uint8_t* repeat(int y);
  const std::uint8_t* triangle(int y);

  const Plane& plane_;
  PlaneSampling sampling_;
  int first_;
  int column_ = 0, columns_ = 0;   // component columns that the triangle reads, before the edge rule
  std::uint16_t* sums_ = nullptr;  // one for each of these columns
  std::uint8_t* out_ = nullptr;
};

}  // namespace slip
