// Regroups horizontal taps for kernels that blend several outputs at once.
#pragma once

#include "slip/arena.h"
#include "slip/resample_kernels.h"

namespace slip {

// For taps that are not wide.
Groups make_groups(const Taps& taps, Arena& arena);

}  // namespace slip
