// Whole-plane conversions that come before resampling: to RGB as libjpeg-turbo does, and to the other axis
// order.
#pragma once

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/upsample.h"

namespace slip {

// The RGB planes of the image's rectangle `rect`, upsampled and converted as libjpeg-turbo does, to the bit.
// The planes of `from` must hold what that touches.
Planes to_rgb(const Planes& from, const PlaneSampling sampling[3], const Rect& rect, Arena& arena);

// The component samples that upsampling to the image's rectangle `rect` touches.
Rect upsampled_from(const PlaneSampling& sampling, const Rect& rect);

// The samples of `rect` with rows and columns exchanged; everything else about the plane is exchanged with
// them.
Plane transposed(const Plane& from, const Rect& rect, Arena& arena);

}  // namespace slip
