// Decoding through libjpeg-turbo: every kind of JPEG that the own decoder leaves to it.
#pragma once

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/status.h"

namespace slip::jpeg {

// As decode_planes of decode.h. Stops after the last row that `region` needs. CMYK and YCCK come out as RGB.
// Data lost inside the needed rows is a failure, never grey samples.
Status decode_by_turbo(Bytes file, const Rect& region, Arena& arena, Planes& planes);

}  // namespace slip::jpeg
