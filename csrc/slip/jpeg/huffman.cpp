#include "slip/jpeg/huffman.h"

#include <algorithm>
#include <iterator>

namespace slip::jpeg {
namespace {

Symbol symbol_of(unsigned code_length, unsigned value, bool dc) {
  if (dc) return make_symbol(code_length + value, value, 0);
  const unsigned run = value >> 4, extra = value & 15;
  if (extra == 0 && run != 15) return make_symbol(code_length, 0, kEndOfBlock);
  return make_symbol(code_length + extra, extra, run + 1);
}

// Fills `table` with all symbols whose codes and extra bits suit one look-up.
void fill_look(HuffmanTable& table, const std::uint8_t* counts) {
  std::fill(std::begin(table.look), std::end(table.look), static_cast<std::uint16_t>(kLongCode));
  unsigned position = 0, index = 0;
  for (unsigned length = 1; length <= kLookBits; ++length) {
    const unsigned width = 1u << (kLookBits - length);
    for (int i = 0; i < counts[length - 1]; ++i, position += width, ++index) {
      const Symbol symbol = symbol_of(length, table.symbols[index], table.dc);
      const bool zeros = !table.dc && extra_of(symbol) == 0 && advance_of(symbol) != kEndOfBlock;
      if (zeros || length_of(symbol) > kMaxSymbolLength) continue;
      std::fill_n(table.look + position, width, static_cast<std::uint16_t>(symbol));
    }
  }
}

// Fills `out`, indexed by `bits` bits, with all symbols whose codes and extra bits lie inside one index, save
// that the extra bits of the last may lie beyond. `smaller[n]` is the same for n bits: what follows a symbol
// is found there, and the two add up.
void fill_skip(const HuffmanTable& table, const std::uint8_t* counts, unsigned bits,
               const std::uint16_t* const* smaller, std::uint16_t* out) {
  unsigned index = 0;
  for (unsigned length = 1; length <= bits; ++length) {
    for (int i = 0; i < counts[length - 1]; ++i, ++index) {
      const Symbol symbol = symbol_of(length, table.symbols[index], table.dc);
      const bool ends = advance_of(symbol) == kEndOfBlock;
      const unsigned advance = ends ? kEndAdvance : advance_of(symbol);
      const auto skip = static_cast<std::uint16_t>(length_of(symbol) | advance << 6);
      const unsigned width = 1u << (bits - length);
      if (ends || length_of(symbol) >= bits) {
        std::fill_n(out, width, skip);
      } else {
        const unsigned rest = bits - length_of(symbol), part = 1u << rest;
        for (unsigned start = 0; start < width; start += part) {
          for (unsigned k = 0; k < part; ++k)
            out[start + k] = static_cast<std::uint16_t>(smaller[rest][k] + skip);
        }
      }
      out += width;
    }
  }
}

void fill_skip(HuffmanTable& table, const std::uint8_t* counts) {
  std::uint16_t storage[1 << kSkipBits] = {};
  const std::uint16_t* smaller[kSkipBits];
  std::uint16_t* next = storage;
  for (unsigned bits = 0; bits < kSkipBits; ++bits) {
    fill_skip(table, counts, bits, smaller, next);
    smaller[bits] = next;
    next += std::size_t{1} << bits;
  }
  std::fill(std::begin(table.skip), std::end(table.skip), static_cast<std::uint16_t>(kLongSkip));
  fill_skip(table, counts, kSkipBits, smaller, table.skip);
}

}  // namespace

bool HuffmanTable::build(const std::uint8_t* definition, std::size_t symbol_count, bool is_dc) {
  dc = is_dc;
  std::copy_n(definition + 16, symbol_count, symbols);
  if (dc && std::any_of(symbols, symbols + symbol_count, [](std::uint8_t s) { return s > 15; })) return false;
  std::int32_t code = 0, index = 0;
  for (int length = 1; length <= 16; ++length) {
    const int count = definition[length - 1];
    first_index[length] = index - code;
    code += count;
    index += count;
    if (code > 1 << length) return false;
    end_code[length] = code << (16 - length);
    code <<= 1;
  }
  end_code[17] = 0;
  fill_look(*this, definition);
  if (!dc) fill_skip(*this, definition);
  return true;
}

Symbol HuffmanTable::long_code(std::uint64_t bits) const {
  const auto next16 = static_cast<std::int32_t>(bits >> 48);
  for (int length = 1; length <= 16; ++length) {
    if (next16 >= end_code[length]) continue;
    const std::int32_t index = (next16 >> (16 - length)) + first_index[length];
    return symbol_of(static_cast<unsigned>(length), symbols[index & 255], dc);
  }
  return 0;
}

}  // namespace slip::jpeg
