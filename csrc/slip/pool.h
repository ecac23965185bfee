// A persistent thread pool that survives fork: it is made anew in the child on first use.
#pragma once

#include <functional>

namespace slip {

// (affinity and cgroup quota) / LOCAL_WORLD_SIZE, at least 1; SLIPSTREAM_NUM_THREADS overrides.
int default_num_threads();

// Calls body(i) for every i in [0, count) on at most num_threads threads, the caller's among them, and returns when
// all are done. One atomic counter hands out the work, so that uneven images balance themselves. `body` must not throw.
void parallel_for(int count, int num_threads, const std::function<void(int)>& body);

}  // namespace slip
