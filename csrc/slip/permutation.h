// A pseudo-random order of n things in which each place is computed by itself: no table, no memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace slip {

// A keyed bijection of [0, n): a Feistel network over the next power of two, walked until it lands below n
// (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002). n is from 1 to 2^62.
class Permutation {
 public:
  Permutation(std::uint64_t n, std::uint64_t key);
  std::uint64_t operator()(std::uint64_t index) const;

  // places[i] = (*this)(first + i) for i below count, faster than one by one.
  void fill(std::uint64_t first, std::size_t count, std::int64_t* places) const;

 private:
  std::uint64_t step(std::uint64_t value) const;  // a bijection of the power of two

  static constexpr int kRounds = 8;
  std::uint64_t n_;
  int low_bits_, high_bits_;
  std::array<std::uint64_t, kRounds> round_keys_;
};

}  // namespace slip
