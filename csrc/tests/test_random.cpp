// Philox against the published vectors, and logarithm and exponential against libm in long double.
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "check.h"
#include "slip/random.h"

using Words = std::array<std::uint32_t, 4>;

namespace {

// The distance from the true value in units of the last place of the result.
double error_in_ulp(double got, long double expected) {
  const double next = std::nextafter(std::fabs(got), std::numeric_limits<double>::infinity());
  return static_cast<double>(std::fabs(got - expected) / (next - std::fabs(got)));
}

}  // namespace

// kat_vectors of Random123: philox4x32 10.
TEST(philox_matches_the_published_vectors) {
  const std::uint32_t ones = 0xffffffff;
  CHECK((slip::philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  CHECK((slip::philox({ones, ones, ones, ones}, {ones, ones}) ==
         Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((slip::philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
         Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(uniform_draws_are_the_top_53_bits_of_the_block) {
  const slip::Stream stream{0x299f31d0a4093822, 0x85a308d3243f6a88, 0x13198a2e};
  const auto pair = stream.uniform_pair(0x03707344);
  const auto unit = [](std::uint64_t high, std::uint64_t low) {
    return std::ldexp(static_cast<double>((high << 32 | low) >> 11), -53);
  };
  CHECK_EQ(pair[0], unit(0x94fdcceb, 0xd16cfe09));
  CHECK_EQ(pair[1], unit(0x24126ea1, 0x5001e420));
}

TEST(every_part_of_the_stream_counts) {
  const slip::Stream base{1, 2, 3};
  const double draw = base.uniform_pair(0)[0];
  for (const slip::Stream& other :
       {slip::Stream{2, 2, 3}, slip::Stream{1 + (std::uint64_t{1} << 32), 2, 3}, slip::Stream{1, 3, 3},
        slip::Stream{1, 2 + (std::uint64_t{1} << 32), 3}, slip::Stream{1, 2, 4}})
    CHECK(other.uniform_pair(0)[0] != draw);
  CHECK(base.uniform_pair(1)[0] != draw);
  CHECK(base.uniform_pair(0)[1] != draw);
}

TEST(log_is_within_one_ulp) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(-300, 300), near_one(0.5, 2.0);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = i % 2 == 0 ? std::pow(10.0, exponent(random)) : near_one(random);
    if (x != 1.0)
      worst = std::max(worst, error_in_ulp(slip::portable_log(x), std::log(static_cast<long double>(x))));
  }
  CHECK(worst < 1.0);
  CHECK_EQ(slip::portable_log(1.0), 0.0);
}

TEST(exp_is_within_one_ulp) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> wide(-700, 700), near_zero(-1.0, 1.0);
  double worst = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = i % 2 == 0 ? wide(random) : near_zero(random);
    worst = std::max(worst, error_in_ulp(slip::portable_exp(x), std::exp(static_cast<long double>(x))));
  }
  CHECK(worst < 1.0);
  CHECK_EQ(slip::portable_exp(0.0), 1.0);
}

TEST(log_and_exp_give_the_same_bits_for_every_compiler_and_machine) {
  std::uint64_t digest = 0;
  for (int i = 1; i <= 1000; ++i)
    for (double value : {slip::portable_log(i / 100.0), slip::portable_exp(i / 100.0 - 5)}) {
      std::uint64_t bits;
      std::memcpy(&bits, &value, sizeof bits);
      digest = (digest ^ bits) * 0x9E3779B97F4A7C15;
      digest ^= digest >> 29;
    }
  CHECK_EQ(digest, 0xdfc4658a4e07faf0u);
}
