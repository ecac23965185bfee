// The dct encoding: the quantised coefficients of a JPEG in independent tiles, which decode without entropy
// decoding as JPEG knows it. The format is FORMAT.md's.
#pragma once

#include "slip/arena.h"
#include "slip/dct/coefficients.h"
#include "slip/image.h"
#include "slip/reduction.h"
#include "slip/status.h"

namespace slip::dct {

// As read_info and decode_planes of decode.h, for dct records. Only the tiles that `region` touches are read.
Status read_dct_info(Bytes bytes, Info& info);
Status decode_dct_planes(Bytes bytes, const Rect& region, Arena& arena, Planes& planes,
                         const Scales& scales = {});

// All coefficients, with the checksum verified.
Status decode_coefficients(Bytes bytes, Coefficients& out);

}  // namespace slip::dct
