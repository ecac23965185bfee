// Random numbers as a pure function of (key, identity, epoch, draw): no state, no order, the same on every
// machine.
#pragma once

#include <array>
#include <cstdint>

namespace slip {

// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), as Random123 defines
// it.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

// The draws of one sample in one epoch. `key` names the seed and the stage.
struct Stream {
  std::uint64_t key = 0;
  std::uint64_t identity = 0;
  std::uint32_t epoch = 0;

  // Draws 2 * block and 2 * block + 1: uniform in [0, 1), multiples of 2^-53.
  std::array<double, 2> uniform_pair(std::uint32_t block) const;
};

// Natural logarithm and exponential within 1 ulp, in a fixed order of operations: libm differs between
// machines. log: of a positive, finite, normal number. exp: of a number in [-700, 700].
double portable_log(double x);
double portable_exp(double x);

}  // namespace slip
