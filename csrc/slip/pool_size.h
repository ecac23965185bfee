// How many threads a process should use.
#pragma once

#include <string>

namespace slip {

// (affinity and cgroup quota) / LOCAL_WORLD_SIZE, at least 1; SLIPSTREAM_NUM_THREADS overrides. Throws
// std::invalid_argument where one of these variables is not a whole number of at least 1.
int default_num_threads();

// The processors that the control groups of a process allow it, or 0 where they set no limit. `membership` is
// the text of /proc/self/cgroup, `mount` the directory of the hierarchies, which is /sys/fs/cgroup.
double cgroup_cpus(const std::string& membership, const std::string& mount);

}  // namespace slip
