// A persistent thread pool that survives fork: it is made anew in the child on first use.
#pragma once

#include <functional>

#include "slip/pool_size.h"

namespace slip {

// Calls body(i) for every i in [0, count) on at most num_threads threads (0: default_num_threads()), the
// caller's among them, and returns when all are done. One atomic counter hands out the work, so that uneven
// images balance themselves. Any thread may call it, also from inside `body`. `body` must not throw.
void parallel_for(int count, int num_threads, const std::function<void(int)>& body);

}  // namespace slip
