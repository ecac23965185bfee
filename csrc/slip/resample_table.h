// How tables of taps are made, whatever the filter. Loops run tap by tap, not output by output, and without
// branches, so that compilers turn them into vectors.
#pragma once

#include "slip/arena.h"
#include "slip/resample_kernels.h"

namespace slip {

// Room for up to `most` taps an output, nothing filled in.
Taps make_table(int outputs, int most, Arena& arena);

// Rounding must not make flat areas brighter or darker: what is left to `one` goes to sample center[i], or
// the nearest that output i has. A whole sample does not fit sixteen bits: the Q8 kernels' rounding makes up
// for it.
void add_up(Taps& taps, const int* center, int one, Arena& arena);

// Fills in what follows from the starts, counts and weights of all outputs.
void finish(Taps& taps);

}  // namespace slip
