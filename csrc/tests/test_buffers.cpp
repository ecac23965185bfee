// The output pool: alignment, reuse, bounds, forks, and memory that nobody else writes while it is held.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

#include "check.h"
#include "slip/buffers.h"

using slip::buffer_stats;
using slip::take_buffer;

namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

bool aligned(const std::shared_ptr<std::uint8_t>& buffer, std::size_t to) {
  return reinterpret_cast<std::uintptr_t>(buffer.get()) % to == 0;
}

}  // namespace

TEST(memory_is_aligned_and_writable_to_its_last_byte) {
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{4097}, 2 * kMegabyte - 1,
                            2 * kMegabyte, 5 * kMegabyte + 12345}) {
    const auto buffer = take_buffer(bytes);
    CHECK(aligned(buffer, bytes >= 2 * kMegabyte ? 2 * kMegabyte : 64));
    std::memset(buffer.get(), 0xA5, bytes);
    if (bytes > 0) CHECK_EQ(int{buffer.get()[bytes - 1]}, 0xA5);
  }
}

TEST(a_thousand_batches_make_a_constant_number_of_buffers) {
  std::vector<std::shared_ptr<std::uint8_t>> in_flight;
  const std::size_t before = buffer_stats().made;
  for (int batch = 0; batch < 1000; ++batch) {
    in_flight.push_back(take_buffer(38 * kMegabyte));
    if (in_flight.size() > 3) in_flight.erase(in_flight.begin());
  }
  CHECK(buffer_stats().made - before <= 4);
}

TEST(held_memory_is_nobody_elses) {
  const auto held = take_buffer(3 * kMegabyte);
  std::memset(held.get(), 1, 3 * kMegabyte);
  for (int batch = 0; batch < 20; ++batch) {
    const auto other = take_buffer(3 * kMegabyte);
    CHECK(other.get() != held.get());
    std::memset(other.get(), 2, 3 * kMegabyte);
  }
  for (std::size_t i = 0; i < 3 * kMegabyte; i += 999) CHECK_EQ(int{held.get()[i]}, 1);
}

TEST(every_copy_of_the_pointer_keeps_the_memory) {
  auto first = take_buffer(7 * kMegabyte);
  const std::uint8_t* address = first.get();
  auto second = first;
  first.reset();
  CHECK(take_buffer(7 * kMegabyte).get() != address);
  second.reset();
  CHECK_EQ(buffer_stats().bytes_in_use, std::size_t{0});
}

TEST(sizes_that_vary_do_not_pile_up) {
  std::mt19937 random(1);
  std::size_t most = 0;
  for (int batch = 0; batch < 2000; ++batch) {
    const std::size_t bytes = kMegabyte + random() % (32 * kMegabyte);
    const auto buffer = take_buffer(bytes);
    most = std::max(most, buffer_stats().bytes_in_use + buffer_stats().bytes_free);
  }
  CHECK(most <= 4 * 40 * kMegabyte);  // the peak of this file's earlier tests is four of 38 MB
}

TEST(near_sizes_share_buffers) {
  const std::size_t before = buffer_stats().made;
  for (int batch = 0; batch < 500; ++batch)
    take_buffer((20 + static_cast<std::size_t>(batch) % 7) * kMegabyte);
  CHECK(buffer_stats().made - before <= 7);
}

TEST(many_let_go_at_once_are_mostly_given_back_to_the_system) {
  {
    std::vector<std::shared_ptr<std::uint8_t>> kept;
    for (int i = 0; i < 200; ++i) kept.push_back(take_buffer(4 * kMegabyte));
    CHECK(buffer_stats().bytes_in_use >= 800 * kMegabyte);
  }
  CHECK_EQ(buffer_stats().bytes_in_use, std::size_t{0});
  CHECK(buffer_stats().bytes_free <= 256 * kMegabyte);
}

TEST(too_much_is_refused_and_forgotten) {
  bool refused = false;
  try {
    take_buffer(std::size_t{1} << 60);
  } catch (const std::bad_alloc&) {
    refused = true;
  }
  CHECK(refused);
  CHECK_EQ(buffer_stats().bytes_in_use, std::size_t{0});
}

TEST(a_child_forked_while_others_take_and_give_can_do_both) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> busy;
  for (int i = 0; i < 3; ++i)
    busy.emplace_back([&] {
      while (!stop) take_buffer(300000);
    });
  const auto held = take_buffer(3 * kMegabyte);
  std::memset(held.get(), 9, 3 * kMegabyte);
  for (int i = 0; i < 30; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(10);
      auto inherited = held;
      bool good = take_buffer(300000) != nullptr && inherited.get()[12345] == 9;
      inherited.reset();
      good = good && take_buffer(3 * kMegabyte).get() != held.get();
      _exit(good ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  stop = true;
  for (std::thread& thread : busy) thread.join();
}
