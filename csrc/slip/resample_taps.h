// Which samples each output of an axis blends, and with what weights.
#pragma once

#include "slip/arena.h"
#include "slip/geometry.h"
#include "slip/resample_kernels.h"
#include "slip/upsample.h"

namespace slip {

// The antialiased triangle filter of Pillow over image samples. Weights are over 2^bits, rounded to nearest.
// For Q8 they add up to 2^16, or are 65535 where there is but one; for levels each is what Pillow has.
Taps make_image_taps(const Axis& axis, int bits, Arena& arena);

// The same over the samples of a component, or over what it was reduced to: the image's taps followed by the
// upsampling of the component, in one table. It is the image's own where the component has all samples.
Taps make_component_taps(const Taps& image, const Sampling& sampling, int bits, Arena& arena);

}  // namespace slip
