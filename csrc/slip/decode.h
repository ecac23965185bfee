// Bytes to planes, for every encoding: the one door through which the batch runner decodes.
#pragma once

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/reduction.h"
#include "slip/status.h"

namespace slip {

// Reads the header by the bytes' own first bytes. A format that only Pillow reads gives Encoding::foreign and
// ok, with width and height 0.
Status read_info(Bytes bytes, Info& info);

// Decodes at least the samples of `region` (in stored pixels, inside the image) of every component, in the
// arena. Inverse DCT is libjpeg-turbo's ISLOW to the bit. What lies outside the region need not be decoded.
// On failure `planes` is unspecified and must not be used.
// Components may be reduced as reduction_for(scales) says; the default reduces none.
Status decode_planes(Bytes bytes, const Rect& region, Arena& arena, Planes& planes,
                     const Scales& scales = {});

}  // namespace slip
