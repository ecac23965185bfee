#include "slip/permutation.h"

#include <vector>

#include "slip/random.h"

namespace slip {
namespace {

// A Feistel network over a handful of values is far from random, so that small n walks through a larger
// domain.
constexpr int kLeastBits = 8;

// The upper half of the product depends on every bit of x and of the key.
std::uint64_t mixed(std::uint64_t x, std::uint64_t key) {
  x = (x ^ key) * 0xD6E8FEB86659FD93;
  return x ^ x >> 32;
}

}  // namespace

Permutation::Permutation(std::uint64_t n, std::uint64_t key) : n_(n) {
  int bits = kLeastBits;
  while ((std::uint64_t{1} << bits) < n) ++bits;
  low_bits_ = bits / 2;
  high_bits_ = bits - low_bits_;
  for (std::uint32_t i = 0; i < kRounds; ++i) {
    const auto word =
        philox({i, 0, 0, 0}, {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
    round_keys_[i] = std::uint64_t{word[1]} << 32 | word[0];
  }
}

std::uint64_t Permutation::step(std::uint64_t value) const {
  const std::uint64_t low_mask = (std::uint64_t{1} << low_bits_) - 1;
  const std::uint64_t high_mask = (std::uint64_t{1} << high_bits_) - 1;
  std::uint64_t low = value & low_mask, high = value >> low_bits_;
  for (std::size_t i = 0; i < kRounds;
       i += 2) {  // each half is mixed into the other in turn, whatever their widths
    low ^= mixed(high, round_keys_[i]) & low_mask;
    high ^= mixed(low, round_keys_[i + 1]) & high_mask;
  }
  return high << low_bits_ | low;
}

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  do index = step(index);
  while (index >= n_);
  return index;
}

// A walk of unknown length stalls the processor at every end, so all walks take a step together, and those
// that have not landed yet take the next one.
void Permutation::fill(std::uint64_t first, std::size_t count, std::int64_t* places) const {
  std::vector<std::size_t> walking(count);
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t at = step(first + i);
    places[i] = static_cast<std::int64_t>(at);
    walking[left] = i;
    left += at >= n_;
  }
  while (left > 0) {
    std::size_t still = 0;
    for (std::size_t k = 0; k < left; ++k) {
      const std::size_t i = walking[k];
      const std::uint64_t at = step(static_cast<std::uint64_t>(places[i]));
      places[i] = static_cast<std::int64_t>(at);
      walking[still] = i;
      still += at >= n_;
    }
    left = still;
  }
}

}  // namespace slip
