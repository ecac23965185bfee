#include "slip/buffers.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <list>
#include <mutex>
#include <new>

namespace slip {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kPage = 4096;

struct Block {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
};
using Blocks = std::list<Block>;

// Some thirty sizes to an octave, so that batches of nearly one size share buffers.
std::size_t size_class(std::size_t bytes) {
  std::size_t octave = kPage;
  while (octave < bytes / 2) octave *= 2;
  const std::size_t step = std::max(octave / 32, kPage);
  return std::max(bytes + step - 1, step) / step * step;
}

void fault_in(std::uint8_t* data, std::size_t size) {
#ifdef MADV_HUGEPAGE
  madvise(data, size, MADV_HUGEPAGE);
#endif
#ifdef MADV_POPULATE_WRITE
  if (madvise(data, size, MADV_POPULATE_WRITE) == 0) return;
#endif
  for (std::size_t at = 0; at < size; at += kPage) static_cast<volatile std::uint8_t*>(data)[at] = 0;
}

// Large blocks are mapped, so that freeing them gives the pages back to the system at once.
Block make_block(std::size_t size) {
  if (size < kHugePage) {
    auto* data = static_cast<std::uint8_t*>(std::aligned_alloc(64, size));
    if (data == nullptr) throw std::bad_alloc();
    return {data, size};
  }
  const std::size_t mapped = size + kHugePage;
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<std::uint8_t*>(memory);
  const std::size_t address = reinterpret_cast<std::uintptr_t>(begin);
  const std::size_t before = (kHugePage - address % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  if (kHugePage > before) munmap(begin + before + size, kHugePage - before);
  fault_in(begin + before, size);
  return {begin + before, size};
}

void free_blocks(Blocks& blocks) {
  for (Block& block : blocks) {
    if (block.size < kHugePage) {
      std::free(block.data);
    } else {
      munmap(block.data, block.size);
    }
  }
}

class OutputPool {
 public:
  // Never destroyed: a tensor may die after every static object.
  static OutputPool& get() {
    static OutputPool* pool = new OutputPool;
    return *pool;
  }

  std::shared_ptr<std::uint8_t> take(std::size_t bytes) {
    const std::size_t need = size_class(bytes);
    Blocks mine, dropped;
    {
      std::lock_guard<std::mutex> lock(mutex);
      const auto found = best_fit(need);
      if (found != free_.end()) {
        ++stats_.reused;
        stats_.bytes_free -= found->size;
        mine.splice(mine.begin(), free_, found);
        account(mine.front().size);
      } else {
        ++stats_.made;
        account(need);
        trim(dropped);
      }
    }
    free_blocks(dropped);  // before new memory is asked for
    if (mine.empty()) {
      try {
        mine.push_back(make_block(need));
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex);
        stats_.bytes_in_use -= need;
        throw;
      }
    }
    std::uint8_t* data = mine.front().data;
    const Blocks::iterator block = mine.begin();
    {
      std::lock_guard<std::mutex> lock(mutex);
      used_.splice(used_.begin(), mine);
    }
    // A list node moves without an allocation, so that giving back cannot fail. (If the pointer itself cannot
    // be allocated, shared_ptr calls the deleter.)
    return std::shared_ptr<std::uint8_t>(data, [this, block](std::uint8_t*) { give_back(block); });
  }

  BufferStats stats() {
    std::lock_guard<std::mutex> lock(mutex);
    return stats_;
  }

  // A lock that another thread holds at a fork would stay taken in the child: the fork takes it too.
  std::mutex mutex;

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kWindow{5};
  static constexpr std::size_t kKeptFree = std::size_t{256} << 20;

  void give_back(Blocks::iterator block) {
    Blocks dropped;
    {
      std::lock_guard<std::mutex> lock(mutex);
      stats_.bytes_in_use -= block->size;
      stats_.bytes_free += block->size;
      free_.splice(free_.begin(), used_, block);
      trim(dropped);
    }
    free_blocks(dropped);
  }

  // The smallest free block that holds `need`, unless it would waste more than half; of equals, the warmest.
  Blocks::iterator best_fit(std::size_t need) {
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
      if (it->size < need || it->size > 2 * need) continue;
      if (best == free_.end() || it->size < best->size) best = it;
      if (best->size == need) break;
    }
    return best;
  }

  void account(std::size_t bytes) {
    stats_.bytes_in_use += bytes;
    const Clock::time_point now = Clock::now();
    if (now - window_start_ > kWindow) {
      window_start_ = now;
      peak_before_ = peak_;
      peak_ = 0;
    }
    peak_ = std::max(peak_, stats_.bytes_in_use);
  }

  // The pool never holds more than was lately in use at one time, so that sizes that come and go do not pile
  // up, and keeps a few batches at most when many are let go at once. The coldest blocks go first.
  void trim(Blocks& dropped) {
    const std::size_t peak = std::max(peak_, peak_before_);
    while (!free_.empty()) {
      const std::size_t kept = std::max(kKeptFree, 4 * free_.front().size);
      if (stats_.bytes_in_use + stats_.bytes_free <= peak && stats_.bytes_free <= kept) return;
      stats_.bytes_free -= free_.back().size;
      dropped.splice(dropped.begin(), free_, std::prev(free_.end()));
    }
  }

  Blocks free_;  // warmest first
  Blocks used_;
  BufferStats stats_;
  std::size_t peak_ = 0,
              peak_before_ = 0;  // most bytes in use at one time in this window, and in the one before
  Clock::time_point window_start_ = Clock::now();
};

const int registered =
    pthread_atfork([] { OutputPool::get().mutex.lock(); }, [] { OutputPool::get().mutex.unlock(); },
                   [] { OutputPool::get().mutex.unlock(); });

}  // namespace

std::shared_ptr<std::uint8_t> take_buffer(std::size_t bytes) { return OutputPool::get().take(bytes); }

BufferStats buffer_stats() { return OutputPool::get().stats(); }

}  // namespace slip
