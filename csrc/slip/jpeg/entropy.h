// The entropy-coded bytes of a scan, freed of stuffing and cut at restart markers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "slip/image.h"

namespace slip::jpeg {

// An MCU at the very most: ten blocks of 64 coefficients of 31 bits; and what a reader loads ahead.
constexpr std::size_t kMaxMcuBytes = 10 * 64 * 31 / 8 + 24;

// A window of plain bytes over one restart interval. `next` is where the bit reader loads from.
class EntropyBytes {
 public:
  EntropyBytes(Bytes file, std::size_t position) : file_(file), position_(position) { begin_interval(); }

  const std::uint8_t* next() const { return buffer_; }
  // When a reader's load pointer has passed this, it must call more().
  const std::uint8_t* low_mark() const { return low_mark_; }

  // Slides the window so that a whole MCU can be read from the returned pointer, which takes the place of
  // `next`. Null where more has been read than the interval holds.
  const std::uint8_t* more(const std::uint8_t* next);

  // Goes past restart marker `number` (0-7). False where anything else follows: the reader, whose load
  // pointer is `next` with `count` bits of it still unused, must have used up the interval to its last byte.
  bool restart(int number, const std::uint8_t* next, int count);

  // Whether the reader has used bits that the interval does not have.
  bool overrun(const std::uint8_t* next, int count) const { return unused_bits(next, count) < 0; }

 private:
  static constexpr std::size_t kWindow = 16384, kMargin = 2 * kMaxMcuBytes;

  void begin_interval();
  void fill();
  std::ptrdiff_t unused_bits(const std::uint8_t* next, int count) const { return 8 * (end_ - next) + count; }

  Bytes file_;
  std::size_t position_;   // in the file: of the next byte to take, or of the marker that ended the interval
  bool complete_ = false;  // the interval's last byte is in the window
  std::uint8_t* end_;      // of the plain bytes in the window
  const std::uint8_t* low_mark_;
  std::uint8_t buffer_[kWindow + kMargin];
};

}  // namespace slip::jpeg
