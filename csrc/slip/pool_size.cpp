#include "slip/pool_size.h"

#ifdef __linux__
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

namespace slip {
namespace {

int allowed_cpus() {
#ifdef __linux__
  // The kernel refuses a set that is smaller than its own, whose size can only be found by trying.
  for (int room = 1024; room <= (1 << 20); room *= 2) {
    cpu_set_t* set = CPU_ALLOC(room);
    const std::size_t size = CPU_ALLOC_SIZE(room);
    const int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

// Version 2: one file, "max 100000" or "150000 100000". Version 1: two files, quota -1 where there is no
// limit.
double quota_of(const std::string& directory, bool unified) {
  double quota = 0, period = 0;
  if (unified) {
    std::ifstream(directory + "/cpu.max") >> quota >> period;
  } else {
    std::ifstream(directory + "/cpu.cfs_quota_us") >> quota;
    std::ifstream(directory + "/cpu.cfs_period_us") >> period;
  }
  return quota > 0 && period > 0 ? quota / period : 0;
}

bool has_word(const std::string& list, const std::string& word) {
  return ("," + list + ",").find("," + word + ",") != std::string::npos;
}

// A whole number of at least 1 from the environment; 0 where the variable is not set.
int environment_number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return 0;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  if (*end != '\0' || value < 1 || value > 65536)
    throw std::invalid_argument(std::string(name) + ": expected a whole number from 1 to 65536, got \"" +
                                text + "\"; correct or unset it");
  return static_cast<int>(value);
}

double own_cgroup_cpus() {
  std::ifstream file("/proc/self/cgroup");
  std::stringstream text;
  text << file.rdbuf();
  return cgroup_cpus(text.str(), "/sys/fs/cgroup");
}

}  // namespace

double cgroup_cpus(const std::string& membership, const std::string& mount) {
  double least = 0;
  std::stringstream lines(membership);
  for (std::string line; std::getline(lines, line);) {  // "id:controllers:path"
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool unified = controllers.empty();
    if (!unified && !has_word(controllers, "cpu")) continue;
    const std::vector<std::string> roots =
        unified ? std::vector<std::string>{mount}
                : std::vector<std::string>{mount + "/cpu", mount + "/" + controllers};
    // A limit of any ancestor holds too. In a container the path may be the host's, of which only the root
    // exists.
    for (std::string path = line.substr(second + 1);; path.erase(path.find_last_of('/'))) {
      for (const std::string& root : roots) {
        const double cpus = quota_of(root + path, unified);
        if (cpus > 0 && (least == 0 || cpus < least)) least = cpus;
      }
      if (path.find('/') == std::string::npos) break;
    }
  }
  return least;
}

int default_num_threads() {
  if (const int asked = environment_number("SLIPSTREAM_NUM_THREADS")) return asked;
  static std::atomic<double> known{-1};  // read once: a process seldom moves, and every batch asks
  double quota = known.load();
  if (quota < 0) known.store(quota = own_cgroup_cpus());
  double cpus = allowed_cpus();
  if (quota > 0) cpus = std::min(cpus, quota);
  if (const int processes = environment_number("LOCAL_WORLD_SIZE")) cpus /= processes;
  return std::max(1, static_cast<int>(cpus));
}

}  // namespace slip
