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

void add_context(Lookup& lookup, const HuffmanCode& code, const std::vector<std::uint32_t>& values) {
  const int rest = kMaxCodeLength - lookup.bits;
  const std::size_t base = lookup.primary.size();
  lookup.primary.resize(base + (std::size_t{1} << lookup.bits));
  std::uint32_t start = 0;  // the code's bits, left-aligned in 16
  std::size_t i = 0;
  for (const Codeword& word : codewords(code)) {
    const std::uint32_t entry = values[i++] | static_cast<std::uint32_t>(word.length) << 16;
    const std::uint32_t end = start + share(word.length);
    if (word.length <= lookup.bits) {
      std::fill(lookup.primary.begin() + static_cast<std::ptrdiff_t>(base + (start >> rest)),
                lookup.primary.begin() + static_cast<std::ptrdiff_t>(base + (end >> rest)), entry);
    } else {
      // Canonical order puts the codes of one prefix next to each other: the first opens the prefix's block.
      if ((start & ((1u << rest) - 1)) == 0) {
        lookup.primary[base + (start >> rest)] = static_cast<std::uint32_t>(lookup.secondary.size() >> rest);
        lookup.secondary.resize(lookup.secondary.size() + (std::size_t{1} << rest));
      }
      const std::size_t block = static_cast<std::size_t>(lookup.primary[base + (start >> rest)]) << rest;
      const std::size_t within = start & ((1u << rest) - 1);
      std::fill_n(lookup.secondary.begin() + static_cast<std::ptrdiff_t>(block + within), share(word.length),
                  entry);
    }
    start = end;
  }
}

}  // namespace slip::dct
