// Scratch memory of one thread: blocks handed out from the front, all taken back at once by reset().
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

#include "slip/image.h"

namespace slip {

class Arena {
 public:
  // 64-byte aligned and followed by at least kSlack readable bytes; not initialised; valid until reset().
  // Throws std::bad_alloc.
  void* take(std::size_t bytes) {
    const std::size_t need = (bytes + kSlack + 63) & ~std::size_t{63};
    if (chunks_.empty() || used_ + need > chunks_.back().size) grow(need);
    void* block = chunks_.back().data.get() + used_;
    used_ += need;
    return block;
  }
  template <class T>
  T* take_array(std::size_t count) {
    return static_cast<T*>(take(count * sizeof(T)));
  }
  // Keeps one chunk for the next image unless it has grown past `keep` bytes: a single huge image must not
  // pin its memory to every thread for ever.
  void reset(std::size_t keep = std::size_t{8} << 20) {
    std::size_t total = 0;
    for (const Chunk& chunk : chunks_) total += chunk.size;
    if (chunks_.size() > 1 || total > keep) {
      chunks_.clear();
      if (total <= keep) grow(total);
    }
    used_ = 0;
  }

 private:
  struct Free {
    void operator()(std::uint8_t* p) const { std::free(p); }
  };
  struct Chunk {
    std::unique_ptr<std::uint8_t, Free> data;
    std::size_t size;
  };
  void grow(std::size_t need) {
    std::size_t size = need > (std::size_t{1} << 20) ? need : (std::size_t{1} << 20);
    size = (size + 4095) & ~std::size_t{4095};
    auto* memory = static_cast<std::uint8_t*>(std::aligned_alloc(64, size));
    if (memory == nullptr) throw std::bad_alloc();
    chunks_.push_back(Chunk{std::unique_ptr<std::uint8_t, Free>(memory), size});
    used_ = 0;
  }
  std::vector<Chunk> chunks_;
  std::size_t used_ = 0;
};

}  // namespace slip
