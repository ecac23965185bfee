#include "slip/jpeg/entropy.h"

#include <algorithm>
#include <cstring>

#include "slip/jpeg/markers.h"

namespace slip::jpeg {

void EntropyBytes::begin_interval() {
  complete_ = false;
  end_ = buffer_;
  fill();
}

// Takes bytes up to the window's end or to a marker. A complete interval is followed by zeros, so that
// reading past its end is harmless until it is noticed.
void EntropyBytes::fill() {
  while (!complete_ && end_ < buffer_ + kWindow) {
    const std::size_t room = static_cast<std::size_t>(buffer_ + kWindow - end_);
    const std::size_t length = std::min(room, file_.size - position_);
    const std::uint8_t* from = file_.data + position_;
    const void* found = length == 0 ? nullptr : std::memchr(from, 0xFF, length);
    const std::size_t plain =
        found == nullptr ? length : static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - from);
    std::memcpy(end_, from, plain);
    end_ += plain;
    position_ += plain;
    if (position_ == file_.size) {
      complete_ = true;
    } else if (found != nullptr) {
      complete_ = position_ + 1 == file_.size || from[plain + 1] != 0;
      if (complete_) break;
      *end_++ = 0xFF;
      position_ += 2;
    }
  }
  if (complete_) std::memset(end_, 0, kMargin);
  low_mark_ = complete_ ? end_ + 8 : end_ - kMaxMcuBytes;
}

const std::uint8_t* EntropyBytes::more(const std::uint8_t* next) {
  if (complete_) return next > end_ + 8 ? nullptr : next;
  const auto rest = static_cast<std::size_t>(end_ - next);
  std::memmove(buffer_, next, rest);
  end_ = buffer_ + rest;
  fill();
  return buffer_;
}

bool EntropyBytes::restart(int number, const std::uint8_t* next, int count) {
  const std::ptrdiff_t unused = unused_bits(next, count);
  if (!complete_ || unused < 0 || unused >= 8) return false;
  if (file_.size - position_ < 2 || file_.data[position_] != 0xFF ||
      file_.data[position_ + 1] != kRst0 + number) {
    return false;
  }
  position_ += 2;
  begin_interval();
  return true;
}

}  // namespace slip::jpeg
