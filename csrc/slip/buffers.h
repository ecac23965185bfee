// The output pool: memory for batches, reused once nobody looks at it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace slip {

// Uninitialised memory of at least `bytes` bytes, aligned to 64 (to 2 MiB where it is that large, in huge
// pages where the system has them, and already faulted in). It returns to the pool when the last copy of the
// pointer dies, on any thread, at any time, also after the interpreter has gone. Throws std::bad_alloc.
std::shared_ptr<std::uint8_t> take_buffer(std::size_t bytes);

struct BufferStats {
  std::size_t bytes_in_use = 0;
  std::size_t bytes_free = 0;
  std::size_t made = 0;
  std::size_t reused = 0;
};

BufferStats buffer_stats();

}  // namespace slip
