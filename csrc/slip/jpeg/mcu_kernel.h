// The code of decode_mcus, compiled once for every x86-64 and once with BMI2, whose shifts need no fixed
// register. Included by mcu.cpp and mcu_avx2.cpp alone; everything is local to each of them.
#pragma once

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

// The extra bits of `symbol`, which follow its code in `bits`, as a signed number.
[[gnu::always_inline]] inline int value_of(std::uint64_t bits, Symbol symbol) {
  const unsigned extra = extra_of(symbol);
  const std::uint64_t rest = bits << (length_of(symbol) - extra);
  const auto sign = static_cast<std::uint64_t>(~static_cast<std::int64_t>(rest) >> 63);
  return static_cast<int>(((sign ^ rest) >> 1 >> (63 - extra) ^ sign) - sign);
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
  prediction += static_cast<std::uint32_t>(value_of(reader.bits, symbol));
  reader.use(symbol);
  if (__builtin_expect(is_long, 0)) reader.refill();
  return symbol;
}

enum class Step { go_on, refill, block_ended, invalid };

// One AC symbol of a block, whose next coefficient has zigzag position `position`.
[[gnu::always_inline]] inline Step decode_symbol(Reader& reader, const HuffmanTable& table,
                                                 unsigned& position, std::int16_t* out) {
  Symbol symbol = table.look[reader.peek(kLookBits)];
  unsigned at = position + run_of(symbol);
  Step step = Step::go_on;
  if (__builtin_expect(at > 63, 0)) {
    if (symbol == kLongCode) {
      reader.refill();
      symbol = table.long_code(reader.bits);
      if (symbol == 0) return Step::invalid;
      at = position + run_of(symbol);
      step = Step::refill;
    }
    if (run_of(symbol) == kRunOfEnd) {
      reader.use(symbol);
      return Step::block_ended;
    }
    if (at > 63) return Step::invalid;
  }
  out[kNaturalOfZigzag[at]] = static_cast<std::int16_t>(value_of(reader.bits, symbol));
  reader.use(symbol);
  position = at + 1;
  return position > 63 ? Step::block_ended : step;
}

// Returns the block's extent, 0 where the data is not valid.
[[gnu::always_inline]] inline int decode_block(Reader& reader, const McuBlock& block,
                                               std::uint32_t& prediction, std::int16_t* out) {
  clear(out);
  if (next_dc(reader, *block.dc, prediction) == 0) return 0;
  out[0] = static_cast<std::int16_t>(prediction);
  const HuffmanTable& table = *block.ac;
  unsigned position = 1;
  Step step = decode_symbol(reader, table, position, out);
  if (step == Step::go_on) step = decode_symbol(reader, table, position, out);
  while (step < Step::block_ended) {
    reader.refill();
    step = decode_symbol(reader, table, position, out);
    if (step == Step::go_on) step = decode_symbol(reader, table, position, out);
    if (step == Step::go_on) step = decode_symbol(reader, table, position, out);
  }
  return step == Step::invalid ? 0 : static_cast<int>(position);
}

// One AC symbol of a block that is passed over. Returns the position behind it, 64 where the block has ended,
// 0 where the data is not valid.
inline unsigned skip_symbol(Reader& reader, const HuffmanTable& table, unsigned position) {
  reader.refill();
  const Symbol symbol = table.long_code(reader.bits);
  if (symbol == 0) return 0;
  reader.use(symbol);
  reader.refill();
  if (run_of(symbol) == kRunOfEnd) return 64;
  position += run_of(symbol) + 1;
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
