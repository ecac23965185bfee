// Canonical Huffman codes of at most 16 bits: made from counts, written to and read from bytes, turned into
// look-up tables. Every code is complete (Kraft's sum is exactly 1), so that any bits decode to some symbol.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "slip/dct/format.h"

namespace slip::dct {

struct HuffmanCode {
  std::uint16_t counts[kMaxCodeLength + 1] = {};  // counts[l]: symbols of length l; counts[0] is 0
  std::vector<std::uint16_t> symbols;             // by length, then by value
};

// (symbol, how often); at least two symbols, each count at least 1.
HuffmanCode make_code(std::vector<std::pair<std::uint16_t, std::uint64_t>> counts);

// Whether lengths and symbols make a complete canonical code.
bool is_complete(const HuffmanCode& code);

struct Codeword {
  std::uint16_t symbol;
  std::uint16_t bits;  // the low `length` bits
  std::uint8_t length;
};

std::vector<Codeword> codewords(const HuffmanCode& code);

// Two-level look-up for several contexts. An entry is the caller's 32-bit value with the code's length in
// bits 16-20, bit 31 clear. Where codes are longer than the primary index, the primary entry is kLongCode |
// position in `secondary` << 4 | how many of the following bits to add to it.
struct Lookup {
  int bits = 0;                        // of the primary index
  std::vector<std::uint32_t> primary;  // [context << bits | next bits]
  std::vector<std::uint32_t> secondary;
};
constexpr std::uint32_t kLongCode = 1u << 31;

// Appends the context `code` to the look-up; values[i] is the entry of code.symbols[i], its length bits zero.
void add_context(Lookup& lookup, const HuffmanCode& code, const std::vector<std::uint32_t>& values);

}  // namespace slip::dct
