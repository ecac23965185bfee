// The code of decode_mcus, compiled once for every x86-64 and once with BMI2, whose shifts need no fixed
// register. Included by mcu.cpp and mcu_avx2.cpp alone; everything is local to each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "slip/idct.h"
#include "slip/jpeg/mcu.h"

namespace slip::jpeg {
namespace {

struct Reader {
  std::uint64_t bits;
  int count;      // bits that were there after the last refill
  unsigned used;  // in its low six bits, how many have been used since
  const std::uint8_t* next;

  // At least 56 bits are there afterwards. Bits below `count` may be set; they are those that the next refill
  // brings.
  [[gnu::always_inline]] void refill() {
    count -= static_cast<int>(used & 63);
    used = 0;
    std::uint64_t word;
    std::memcpy(&word, next, sizeof word);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    bits |= word >> count;
    next += (63 - count) >> 3;
    count |= 56;
  }
  [[gnu::always_inline]] unsigned peek(int n) const { return static_cast<unsigned>(bits >> (64 - n)); }
  // Of a Symbol or a Skip, whose length is in the low six bits. The other bits are cheaper to add than to
  // mask; lengths between two refills sum to less than 64, so they never disturb the low six.
  [[gnu::always_inline]] void use(std::uint32_t packed) {
    bits <<= packed & 63;
    used += packed;
  }
};

// The extra bits of `symbol`, of which there is at least one and which follow its code in `bits`, as a signed
// number.
[[gnu::always_inline]] inline std::uint64_t value_of(std::uint64_t bits, Symbol symbol) {
  const unsigned extra = extra_of(symbol);
  const std::uint64_t rest = bits << ((symbol - extra) & 63);  // the code is length - extra bits long
  const auto sign = static_cast<std::uint64_t>(~static_cast<std::int64_t>(rest) >> 63);
  return ((sign ^ rest) >> (-extra & 63) ^ sign) - sign;
}

[[gnu::always_inline]] inline void clear(std::int16_t* block) {
  using Vector [[gnu::vector_size(32), gnu::may_alias]] = long long;
  auto* vectors = reinterpret_cast<Vector*>(block);
  for (int i = 0; i < 4; ++i) vectors[i] = Vector{};
}

// The next DC symbol, used up; afterwards two AC symbols or one skip can be had without a refill. Returns 0
// where there is none.
[[gnu::always_inline]] inline Symbol next_dc(Reader& reader, const HuffmanTable& table,
                                             std::uint32_t& prediction) {
  reader.refill();
  Symbol symbol = table.look[reader.peek(kLookBits)];
  const bool is_long = symbol == kLongCode;
  if (__builtin_expect(is_long, 0)) {
    symbol = table.long_code(reader.bits);
    if (symbol == 0) return 0;
  }
  if (extra_of(symbol) != 0) prediction += static_cast<std::uint32_t>(value_of(reader.bits, symbol));
  reader.use(symbol);
  if (__builtin_expect(is_long, 0)) reader.refill();
  return symbol;
}

// Takes an AC symbol if it is a coefficient at a zigzag position below 63, as nearly all are, found by one
// look-up. `position` is that of the next coefficient, `after` what it becomes with the symbol.
[[gnu::always_inline]] inline bool take_plain(Reader& reader, const HuffmanTable& table, Symbol& symbol,
                                              std::size_t& position, std::size_t& after, std::int16_t* out) {
  symbol = table.look[reader.peek(kLookBits)];
  after = position + advance_of(symbol);
  if (__builtin_expect(after > 63, 0)) return false;
  out[kNaturalOfZigzag[after - 1]] = static_cast<std::int16_t>(value_of(reader.bits, symbol));
  reader.use(symbol);
  position = after;
  return true;
}

// Returns the block's extent, 0 where the data is not valid.
[[gnu::always_inline]] inline int decode_block(Reader& reader, const McuBlock& block,
                                               std::uint32_t& prediction, std::int16_t* out) {
  clear(out);
  if (next_dc(reader, *block.dc, prediction) == 0) return 0;
  out[0] = static_cast<std::int16_t>(prediction);
  const HuffmanTable& table = *block.ac;
  Symbol symbol = 0;
  std::size_t position = 1, after = 0;
  const auto take = [&]() __attribute__((always_inline)) {
    return take_plain(reader, table, symbol, position, after, out);
  };
  bool plain = take() && take();
  for (;;) {
    while (plain) {
      reader.refill();
      plain = take() && take() && take();
    }
    if (symbol == kLongCode) {
      reader.refill();
      symbol = table.long_code(reader.bits);
      if (symbol == 0) return 0;
      after = position + advance_of(symbol);
    }
    if (advance_of(symbol) == kEndOfBlock) {
      reader.use(symbol);
      return static_cast<int>(position);
    }
    if (after > 64) return 0;
    if (extra_of(symbol) != 0) {
      out[kNaturalOfZigzag[after - 1]] = static_cast<std::int16_t>(value_of(reader.bits, symbol));
    }
    reader.use(symbol);
    position = after;
    if (position == 64) return 64;
    plain = true;
  }
}

// One AC symbol of a block that is passed over. Returns the position behind it, 64 where the block has ended,
// 0 where the data is not valid.
inline unsigned skip_symbol(Reader& reader, const HuffmanTable& table, unsigned position) {
  reader.refill();
  const Symbol symbol = table.long_code(reader.bits);
  if (symbol == 0) return 0;
  reader.use(symbol);
  reader.refill();
  if (advance_of(symbol) == kEndOfBlock) return 64;
  position += advance_of(symbol);
  return position > 64 ? 0 : position;
}

[[gnu::always_inline]] inline bool skip_block(Reader& reader, const McuBlock& block,
                                              std::uint32_t& prediction) {
  if (next_dc(reader, *block.dc, prediction) == 0) return false;
  const HuffmanTable& table = *block.ac;
  unsigned position = 1;
  for (int left = 1;; left = 2) {
    for (; left > 0; --left) {
      const Skip skip = table.skip[reader.peek(kSkipBits)];
      const unsigned after = position + (skip >> 6);
      if (after > 63) {
        const bool ends = after == 64 || (after >= kEndAdvance && after < 64 + kEndAdvance);
        if (ends) {
          reader.use(skip);
          return true;
        }
        position = skip_symbol(reader, table, position);
        if (position == 64 || position == 0) return position == 64;
        continue;
      }
      reader.use(skip);
      position = after;
    }
    reader.refill();
  }
}

[[gnu::always_inline]] inline bool run(EntropyBytes& bytes, ReaderState& state, const McuLayout& layout,
                                       int count, std::int16_t* coefficients, std::uint8_t* extents) {
  Reader reader{state.bits, state.count, 0, state.next};
  bool valid = true;
  for (int m = 0; m < count && valid; ++m) {
    if (reader.next > bytes.low_mark()) {
      reader.next = bytes.more(reader.next);
      if (reader.next == nullptr) return false;
    }
    for (int b = 0; b < layout.count; ++b) {
      const McuBlock& block = layout.block[b];
      std::uint32_t& prediction = state.prediction[block.component];
      if (coefficients == nullptr) {
        valid &= skip_block(reader, block, prediction);
      } else {
        const int index = block.offset + m * block.step;
        const int extent = decode_block(reader, block, prediction, coefficients + 64 * index);
        extents[index] = static_cast<std::uint8_t>(extent);
        valid &= extent != 0;
      }
    }
  }
  state.bits = reader.bits;
  state.count = reader.count - static_cast<int>(reader.used & 63);
  state.next = reader.next;
  return valid;
}

}  // namespace
}  // namespace slip::jpeg
