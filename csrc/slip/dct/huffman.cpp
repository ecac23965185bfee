#include "slip/dct/huffman.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <queue>

namespace slip::dct {
namespace {

constexpr std::uint32_t kWhole = std::uint32_t{1} << kMaxCodeLength;

std::uint32_t share(int length) { return kWhole >> length; }

using Counts = std::vector<std::pair<std::uint16_t, std::uint64_t>>;

// Depth of every leaf of the Huffman tree, cut off at kMaxCodeLength.
std::vector<int> tree_depths(const Counts& counts) {
  using Node = std::pair<std::uint64_t, std::size_t>;
  const std::size_t n = counts.size();
  std::vector<std::size_t> parent(2 * n, 0);
  std::priority_queue<Node, std::vector<Node>, std::greater<Node>> queue;
  for (std::size_t i = 0; i < n; ++i) queue.push({counts[i].second, i});
  std::size_t next = n;
  while (queue.size() > 1) {
    const Node a = queue.top();
    queue.pop();
    const Node b = queue.top();
    queue.pop();
    parent[a.second] = parent[b.second] = next;
    queue.push({a.first + b.first, next++});
  }
  std::vector<int> depth(2 * n, 0);
  for (std::size_t i = next - 1; i-- > 0;) depth[i] = depth[parent[i]] + 1;
  depth.resize(n);
  for (int& d : depth) d = std::min(d, kMaxCodeLength);
  return depth;
}

// Lengthens rare codes until Kraft's sum is at most 1, then shortens frequent ones until it is exactly 1.
void repair_kraft(const Counts& counts, std::vector<int>& length) {
  std::vector<std::size_t> rare_first(counts.size());
  std::iota(rare_first.begin(), rare_first.end(), std::size_t{0});
  std::sort(rare_first.begin(), rare_first.end(), [&](std::size_t a, std::size_t b) {
    return std::make_pair(counts[a].second, counts[a].first) <
           std::make_pair(counts[b].second, counts[b].first);
  });
  std::uint64_t sum = 0;
  for (const int l : length) sum += share(l);
  while (sum > kWhole) {
    for (const std::size_t i : rare_first) {
      if (length[i] == kMaxCodeLength) continue;
      sum -= share(length[i]) - share(length[i] + 1);
      ++length[i];
      if (sum <= kWhole) break;
    }
  }
  while (sum < kWhole) {
    for (auto i = rare_first.rbegin(); i != rare_first.rend() && sum < kWhole; ++i) {
      if (length[*i] > 1 && sum + share(length[*i]) <= kWhole) sum += share(length[*i]--);
    }
  }
}

}  // namespace

HuffmanCode make_code(Counts counts) {
  std::vector<int> length = tree_depths(counts);
  repair_kraft(counts, length);
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::make_pair(length[a], counts[a].first) < std::make_pair(length[b], counts[b].first);
  });
  HuffmanCode code;
  for (const std::size_t i : order) {
    ++code.counts[length[i]];
    code.symbols.push_back(counts[i].first);
  }
  return code;
}

bool is_complete(const HuffmanCode& code) {
  std::uint64_t sum = 0, symbols = 0;
  for (int l = 1; l <= kMaxCodeLength; ++l) {
    sum += static_cast<std::uint64_t>(code.counts[l]) * share(l);
    symbols += code.counts[l];
  }
  return sum == kWhole && symbols == code.symbols.size();
}

std::vector<Codeword> codewords(const HuffmanCode& code) {
  std::vector<Codeword> words;
  words.reserve(code.symbols.size());
  std::uint32_t next = 0;
  for (int l = 1; l <= kMaxCodeLength; ++l, next <<= 1) {
    for (int i = 0; i < code.counts[l]; ++i) {
      words.push_back(
          {code.symbols[words.size()], static_cast<std::uint16_t>(next++), static_cast<std::uint8_t>(l)});
    }
  }
  return words;
}

namespace {

// Codes of one prefix lie next to each other in canonical order, the longest last: [first, last) of `words`.
void add_long_codes(Lookup& lookup, std::uint32_t& primary, const Codeword* first, const Codeword* last,
                    const std::uint32_t* entries) {
  const int rest = last[-1].length - lookup.bits;
  primary =
      kLongCode | static_cast<std::uint32_t>(lookup.secondary.size()) << 4 | static_cast<std::uint32_t>(rest);
  for (const Codeword* word = first; word != last; ++word, ++entries) {
    lookup.secondary.insert(lookup.secondary.end(), std::size_t{1} << (last[-1].length - word->length),
                            *entries);
  }
}

}  // namespace

void add_context(Lookup& lookup, const HuffmanCode& code, const std::vector<std::uint32_t>& values) {
  const std::size_t base = lookup.primary.size();
  lookup.primary.reserve(base + (std::size_t{1} << lookup.bits));
  const std::vector<Codeword> words = codewords(code);
  std::vector<std::uint32_t> entries;
  for (std::size_t i = 0; i < words.size(); ++i) {
    entries.push_back(values[i] | static_cast<std::uint32_t>(words[i].length) << 16);
  }
  for (std::size_t i = 0; i < words.size();) {
    if (words[i].length <= lookup.bits) {
      lookup.primary.insert(lookup.primary.end(), std::size_t{1} << (lookup.bits - words[i].length),
                            entries[i]);
      ++i;
      continue;
    }
    const auto prefix = [&](std::size_t k) { return words[k].bits >> (words[k].length - lookup.bits); };
    std::size_t end = i + 1;
    while (end < words.size() && prefix(end) == prefix(i)) ++end;
    lookup.primary.push_back(0);
    add_long_codes(lookup, lookup.primary.back(), &words[i], words.data() + end, &entries[i]);
    i = end;
  }
}

}  // namespace slip::dct
