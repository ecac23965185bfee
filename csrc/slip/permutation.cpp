#include "slip/permutation.h"

#include "slip/random.h"

namespace slip {
namespace {

// A Feistel network over a handful of values is far from random, so that small n walks through a larger
// domain.
constexpr int kLeastBits = 10;

// The finaliser of SplitMix64: every input bit changes every output bit.
std::uint64_t mixed(std::uint64_t x) {
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9;
  x = (x ^ x >> 27) * 0x94D049BB133111EB;
  return x ^ x >> 31;
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

std::uint64_t Permutation::operator()(std::uint64_t index) const {
  const std::uint64_t low_mask = (std::uint64_t{1} << low_bits_) - 1;
  const std::uint64_t high_mask = (std::uint64_t{1} << high_bits_) - 1;
  do {
    std::uint64_t low = index & low_mask, high = index >> low_bits_;
    for (int i = 0; i < kRounds;
         i += 2) {  // each half is mixed into the other in turn, whatever their widths
      low ^= mixed(high ^ round_keys_[static_cast<std::size_t>(i)]) & low_mask;
      high ^= mixed(low ^ round_keys_[static_cast<std::size_t>(i) + 1]) & high_mask;
    }
    index = high << low_bits_ | low;
  } while (index >= n_);
  return index;
}

}  // namespace slip
