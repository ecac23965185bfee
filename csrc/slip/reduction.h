// How far components may be reduced before they are resampled: by a 1/2, 1/4 or 1/8 inverse DCT.
#pragma once

#include "slip/image.h"

namespace slip {

// Image samples per output pixel along the stored axes, over all views of an image.
struct Scales {
  double least_x = 1, most_x = 1, least_y = 1, most_y = 1;
};

// For each component, the logarithm to base 2 of the samples that one reduced sample stands for along either
// axis.
struct Reduction {
  int shift[3] = {};
};

// ratio_x[c], ratio_y[c]: image samples per sample of component c. No component is reduced unless the taps of
// all of them then suit the fast passes.
Reduction reduction_for(const Scales& scales, int components, const int ratio_x[3], const int ratio_y[3]);

// The reduced samples of a region whose left and top edges lie on blocks.
inline Rect reduced(const Rect& region, int shift) {
  const int x = region.x >> shift, y = region.y >> shift, up = (1 << shift) - 1;
  return {x, y, ((region.right() + up) >> shift) - x, ((region.bottom() + up) >> shift) - y};
}

}  // namespace slip
