// The own decoder of baseline JPEGs: stops after the region's last row, and transforms only the region's
// columns.
#pragma once

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/reduction.h"

namespace slip::jpeg {

// As decode_planes of decode.h, `region` being inside the image. False where the file is not plain baseline
// or where anything about it is odd: libjpeg-turbo is then to decide. Planes equal those of libjpeg-turbo to
// the bit.
bool decode_baseline(Bytes file, const Rect& region, Arena& arena, Planes& planes, const Scales& scales = {});

}  // namespace slip::jpeg
