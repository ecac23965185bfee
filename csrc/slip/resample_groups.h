// Regroups horizontal taps for kernels that blend several outputs at once.
#pragma once

#include "slip/arena.h"
#include "slip/resample_kernels.h"

namespace slip {

// Sixteen outputs a block, one tap a step.
Groups make_q8_groups(const Taps& taps, Arena& arena);

// Eight outputs a block, two taps a step, weights in two parts of eleven bits.
Groups make_level_groups(const Taps& taps, Arena& arena);

}  // namespace slip
