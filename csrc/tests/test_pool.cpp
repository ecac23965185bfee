// The thread pool: every index once, from any thread, after a fork, and no more threads than asked for.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "check.h"
#include "slip/pool.h"

using slip::parallel_for;

namespace {

// How often each index was visited; 1 everywhere when all is well.
bool visits_each_once(int count, int threads) {
  std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
  parallel_for(count, threads, [&](int i) { ++visits[static_cast<std::size_t>(i)]; });
  for (const auto& visit : visits)
    if (visit != 1) return false;
  return true;
}

// Runs `body` in a forked child and tells whether it returned true within ten seconds.
bool child_succeeds(bool (*body)()) {
#ifdef __SANITIZE_THREAD__
  body = [] { return true; };  // ThreadSanitizer cannot start threads in the child of a process with threads
#endif
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    _exit(body() ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void set_environment(const char* name, const char* value) {
  if (value == nullptr) {
    unsetenv(name);
  } else {
    setenv(name, value, 1);
  }
}

int threads_with(const char* asked, const char* processes) {
  set_environment("SLIPSTREAM_NUM_THREADS", asked);
  set_environment("LOCAL_WORLD_SIZE", processes);
  const auto restore = [] {
    set_environment("SLIPSTREAM_NUM_THREADS", nullptr);
    set_environment("LOCAL_WORLD_SIZE", nullptr);
  };
  try {
    const int threads = slip::default_num_threads();
    restore();
    return threads;
  } catch (const std::invalid_argument&) {
    restore();
    return -1;
  }
}

void write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

struct Directory {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("slip_pool_" + std::to_string(getpid()));
  ~Directory() { std::filesystem::remove_all(path); }
};

}  // namespace

TEST(every_index_is_visited_once) {
  for (int threads : {1, 2, 3, 8})
    for (int count : {0, 1, 2, 7, 1000}) CHECK(visits_each_once(count, threads));
}

TEST(thousands_of_calls_in_a_row) {
  std::atomic<int> sum{0};
  for (int call = 0; call < 5000; ++call) parallel_for(3, 4, [&](int i) { sum += i; });
  CHECK_EQ(sum.load(), 5000 * 3);
}

TEST(results_are_visible_to_the_caller) {
  for (int call = 0; call < 200; ++call) {
    std::vector<int> squares(64);  // not atomic: the pool itself must order the writes
    parallel_for(64, 4, [&](int i) { squares[static_cast<std::size_t>(i)] = i * i; });
    for (int i = 0; i < 64; ++i) CHECK_EQ(squares[static_cast<std::size_t>(i)], i * i);
  }
}

TEST(no_more_threads_than_asked_for) {
  parallel_for(64, 8, [](int) {});  // the pool has more from now on
  std::atomic<int> inside{0}, most{0};
  parallel_for(64, 3, [&](int) {
    const int now = ++inside;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    --inside;
  });
  CHECK(most > 1);
  CHECK(most <= 3);
}

TEST(calls_from_several_threads_at_once) {
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 6; ++caller)
    callers.emplace_back([&wrong, caller] {
      for (int call = 0; call < 200; ++call)
        if (!visits_each_once(17, 1 + caller)) ++wrong;
    });
  for (std::thread& caller : callers) caller.join();
  CHECK_EQ(wrong.load(), 0);
}

TEST(a_call_inside_a_call) {
  std::atomic<int> sum{0};
  parallel_for(8, 4, [&](int) { parallel_for(8, 4, [&](int) { parallel_for(4, 4, [&](int) { ++sum; }); }); });
  CHECK_EQ(sum.load(), 256);
}

TEST(a_child_forked_while_another_thread_works_has_a_pool_of_its_own) {
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) parallel_for(100, 4, [](int) {});
  });
  for (int i = 0; i < 30; ++i)
    CHECK(child_succeeds([] { return visits_each_once(1000, 4) && visits_each_once(10, 8); }));
  stop = true;
  busy.join();
  CHECK(visits_each_once(1000, 4));
}

TEST(a_child_forks_in_turn) {
  visits_each_once(100, 4);
  CHECK(child_succeeds(
      [] { return visits_each_once(100, 4) && child_succeeds([] { return visits_each_once(100, 4); }); }));
}

TEST(the_process_ends_while_the_pool_works) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(10);
    std::thread([] {
      for (;;) parallel_for(100, 4, [](int) {});
    }).detach();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    exit(7);  // with static destructors, unlike _exit
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(the_environment_sets_the_number_of_threads) {
  const int mine = threads_with(nullptr, nullptr);
  CHECK(mine >= 1);
  CHECK_EQ(threads_with("3", nullptr), 3);
  CHECK_EQ(threads_with("3", "8"), 3);
  CHECK_EQ(threads_with(nullptr, "1"), mine);
  CHECK_EQ(threads_with(nullptr, "1000"), 1);
  CHECK_EQ(threads_with("", ""), mine);
  for (const char* nonsense : {"0", "-2", "two", "2.5", "2 threads", "99999999999999999999"}) {
    CHECK_EQ(threads_with(nonsense, nullptr), -1);
    CHECK_EQ(threads_with(nullptr, nonsense), -1);
  }
}

TEST(a_cgroup_of_version_2_limits_by_its_narrowest_ancestor) {
  const Directory directory;
  const std::string root = directory.path.string();
  CHECK_EQ(slip::cgroup_cpus("0::/a/b\n", root), 0.0);
  write(directory.path / "a/b/cpu.max", "max 100000\n");
  CHECK_EQ(slip::cgroup_cpus("0::/a/b\n", root), 0.0);
  write(directory.path / "a/cpu.max", "250000 100000\n");
  CHECK_EQ(slip::cgroup_cpus("0::/a/b\n", root), 2.5);
  write(directory.path / "cpu.max", "50000 50000\n");
  CHECK_EQ(slip::cgroup_cpus("0::/a/b\n", root), 1.0);
  CHECK_EQ(slip::cgroup_cpus("0::/\n", root), 1.0);
}

TEST(a_cgroup_of_version_1_limits_by_its_quota) {
  const Directory directory;
  const std::string root = directory.path.string();
  const std::string membership = "12:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n1:name=systemd:/\n";
  write(directory.path / "cpu/cpu.cfs_quota_us", "-1\n");
  write(directory.path / "cpu/cpu.cfs_period_us", "100000\n");
  CHECK_EQ(slip::cgroup_cpus(membership, root), 0.0);
  write(directory.path / "cpu/cpu.cfs_quota_us", "400000\n");  // in a container only the root exists
  CHECK_EQ(slip::cgroup_cpus(membership, root), 4.0);
  write(directory.path / "cpu,cpuacct/docker/x/cpu.cfs_quota_us", "150000\n");
  write(directory.path / "cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000\n");
  CHECK_EQ(slip::cgroup_cpus(membership, root), 1.5);
}

TEST(text_that_is_no_cgroup_sets_no_limit) {
  CHECK_EQ(slip::cgroup_cpus("", "/nowhere"), 0.0);
  CHECK_EQ(slip::cgroup_cpus("nonsense\n:::\n3:\n", "/nowhere"), 0.0);
}
