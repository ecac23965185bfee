// Orders of n things: every thing once, all orders alike, no two keys alike.
#include <cmath>
#include <map>
#include <vector>

#include "check.h"
#include "slip/permutation.h"

using slip::Permutation;

namespace {

std::vector<std::uint64_t> order(std::uint64_t n, std::uint64_t key) {
  std::vector<std::int64_t> places(n);
  Permutation(n, key).fill(0, n, places.data());
  return {places.begin(), places.end()};
}

// Chi squared minus its degrees of freedom, in standard deviations.
double excess(const std::vector<int>& counts, double expected) {
  double chi = 0;
  for (int count : counts) chi += (count - expected) * (count - expected) / expected;
  const double freedom = static_cast<double>(counts.size()) - 1;
  return (chi - freedom) / std::sqrt(2 * freedom);
}

}  // namespace

TEST(every_index_comes_once) {
  for (std::uint64_t n = 1; n <= 300; ++n) {
    std::vector<bool> seen(n);
    for (std::uint64_t index : order(n, n * 7)) {
      CHECK(index < n && !seen[index]);
      seen[index] = true;
    }
  }
  for (std::uint64_t n : {1023ull, 1024ull, 1025ull, 100000ull, 1281167ull}) {
    std::vector<bool> seen(n);
    std::uint64_t count = 0;
    for (std::uint64_t index : order(n, 3))
      if (!seen[index]) seen[index] = true, ++count;
    CHECK_EQ(count, n);
  }
}

TEST(a_part_of_the_order_is_that_part_of_the_whole) {
  const Permutation place(1000, 42);
  const auto whole = order(1000, 42);
  std::vector<std::int64_t> part(100);
  place.fill(350, 100, part.data());
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK_EQ(static_cast<std::uint64_t>(part[i]), whole[350 + i]);
    CHECK_EQ(place(350 + i), whole[350 + i]);
  }
}

TEST(huge_ranges_stay_inside) {
  const std::uint64_t n = (std::uint64_t{1} << 61) + 12345;
  const Permutation place(n, 5);
  for (std::uint64_t i = 0; i < 1000; ++i) CHECK(place(n - 1 - i) < n);
}

TEST(all_orders_of_a_few_things_are_equally_likely) {
  for (std::uint64_t n : {2, 3, 4, 5}) {
    std::map<std::vector<std::uint64_t>, int> counts;
    const int keys = 60000;
    for (int key = 0; key < keys; ++key) ++counts[order(n, static_cast<std::uint64_t>(key))];
    std::vector<int> flat;
    for (const auto& [unused, count] : counts) flat.push_back(count);
    const double orders = std::tgamma(static_cast<double>(n) + 1);
    CHECK_EQ(static_cast<double>(flat.size()), orders);
    CHECK(std::fabs(excess(flat, keys / orders)) < 5);
  }
}

TEST(each_thing_lands_anywhere) {
  const std::uint64_t n = 50;
  std::vector<int> counts(n * n);
  const int keys = 20000;
  for (int key = 0; key < keys; ++key) {
    const auto all = order(n, static_cast<std::uint64_t>(key) << 32);
    for (std::uint64_t i = 0; i < n; ++i) ++counts[i * n + all[i]];
  }
  CHECK(std::fabs(excess(counts, keys / static_cast<double>(n))) < 6);
}

TEST(neighbours_are_torn_apart) {
  const std::uint64_t n = 40000;
  std::vector<int> gaps(20);
  const auto all = order(n, 77);
  for (std::uint64_t i = 0; i + 1 < n; ++i) ++gaps[(all[i + 1] + n - all[i]) % n * 20 / n];
  CHECK(std::fabs(excess(gaps, (n - 1) / 20.0)) < 5);
}

TEST(the_orders_of_two_keys_are_unrelated) {
  const std::uint64_t n = 10000;
  for (std::uint64_t key = 0; key < 20; ++key) {
    const auto a = order(n, key), b = order(n, key + 1);
    int fixed = 0;
    double product = 0;
    const double mean = (n - 1) / 2.0;
    for (std::uint64_t i = 0; i < n; ++i) {
      fixed += a[i] == b[i];
      product += (a[i] - mean) * (b[i] - mean);
    }
    CHECK(fixed <= 8);  // Poisson of mean 1
    const double correlation = product / (n * (static_cast<double>(n) * n - 1) / 12);
    CHECK(std::fabs(correlation) < 5 / std::sqrt(static_cast<double>(n)));
  }
}
