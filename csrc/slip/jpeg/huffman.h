// Huffman codes of baseline JPEG as look-up tables.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip::jpeg {

constexpr int kLookBits = 11;  // codes up to this length are found by one look-up
constexpr int kSkipBits = 11;

// A symbol with the bits that follow it, as the tables and long_code() give it.
//   bits 0-5   length of the code and its extra bits
//   bits 6-9   number of extra bits; none in an AC symbol of 16 zeros
//   bits 10-15 how far it advances in the block, its own coefficient included; kEndOfBlock where the block
//   ends
using Symbol = std::uint32_t;
constexpr unsigned kEndOfBlock = 63;
// In a table: the code is longer than the table's index, or rare in some other way, or no code at all.
constexpr Symbol kLongCode = 0xFFFF;

constexpr Symbol make_symbol(unsigned length, unsigned extra, unsigned advance) {
  return length | extra << 6 | advance << 10;
}
constexpr unsigned length_of(Symbol symbol) { return symbol & 63; }
constexpr unsigned extra_of(Symbol symbol) { return symbol >> 6 & 15; }
constexpr unsigned advance_of(Symbol symbol) { return symbol >> 10; }

// Several symbols at once, for blocks that are only passed over.
//   bits 0-5  length of all their bits
//   bits 6-15 how far they advance in the block; kEndAdvance more where the last of them ends it
using Skip = std::uint32_t;
constexpr unsigned kEndAdvance = 256;
constexpr Skip kLongSkip = 0xFFFF;

// A look-up consumes at most this many bits, so that a refill of 56 serves three symbols or two skips.
constexpr unsigned kMaxSymbolLength = 18, kMaxSkipLength = kSkipBits + 15;

struct HuffmanTable {
  std::uint16_t look[1 << kLookBits];  // of AC tables: coefficients and the end of the block, not 16 zeros
  std::uint16_t skip[1 << kSkipBits];  // of AC tables only
  std::int32_t end_code[18];           // first code past those of a length, left-aligned to 16 bits
  std::int32_t first_index[17];        // index of the first symbol of a length, minus its code
  std::uint8_t symbols[256];
  bool dc;

  // `definition` is 16 counts, then the symbols. False where it is no valid code.
  bool build(const std::uint8_t* definition, std::size_t symbol_count, bool is_dc);

  // The symbol that begins a reservoir's bits, whatever its length; 0 where no code matches.
  Symbol long_code(std::uint64_t bits) const;
};

}  // namespace slip::jpeg
