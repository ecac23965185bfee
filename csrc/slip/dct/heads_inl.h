// Decoding of compact heads, compiled once per instruction set: include it in the kernels' source files only.
#pragma once

#include <cstdint>
#include <cstring>
#ifdef __BMI2__
#include <immintrin.h>
#endif

#include "slip/dct/tile_kernels.h"

namespace slip::dct {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint32_t kBadCodes = 0xffffffff;

inline std::uint64_t load_word(const std::uint8_t* p) {
  std::uint64_t word;
  std::memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

// The low 8 nibbles of x to one byte each.
inline std::uint64_t spread_nibbles(std::uint64_t x) {
#ifdef __BMI2__
  return _pdep_u64(x, 0x0f * kOnes);
#else
  x = (x | x << 16) & 0x0000ffff0000ffffu;
  x = (x | x << 8) & 0x00ff00ff00ff00ffu;
  return (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
#endif
}

// The low 8 bits of x to the lowest bit of one byte each.
inline std::uint64_t spread_bits(std::uint64_t x) {
#ifdef __BMI2__
  return _pdep_u64(x, kOnes);
#else
  return (((x * kOnes & 0x8040201008040201u) + 0x7f * kOnes) >> 7) & kOnes;
#endif
}

// Bits from the most significant down, read backwards from the end of a tile.
struct BitCursor {
  const std::uint8_t* at = nullptr;
  std::uint64_t bits = 0;
  int count = 0;

  // At least 56 bits from here on.
  void refill() {
    bits |= load_word(at - 8) >> count;
    at -= (63 - count) >> 3;
    count |= 56;
  }
  void skip(int length) {
    bits <<= length;
    count -= length;
  }
  std::uint32_t raw16() {
    const auto value = static_cast<std::uint32_t>(bits >> 48);
    skip(16);
    refill();
    return value;
  }
  std::uint32_t used_bytes(const std::uint8_t* end) const {
    const auto bits_used = static_cast<std::uint32_t>(end - at) * 8 - static_cast<std::uint32_t>(count);
    return (bits_used + 7) / 8;
  }
};

template <int kBits>
inline std::uint32_t next_entry(BitCursor& in, const std::uint32_t* primary, const std::uint32_t* secondary,
                                std::uint32_t context) {
  std::uint32_t entry = primary[(context << kBits) + (in.bits >> (64 - kBits))];
  if (__builtin_expect((entry & kLongCode) != 0, 0)) {
    entry = secondary[(entry >> 4 & 0x7ffffff) + (in.bits << kBits >> (64 - (entry & 15)))];
  }
  in.skip(static_cast<int>(entry >> 16 & 31));
  return entry;
}

// Four escaped width codes as a table entry, or kBadCodes where one is impossible.
inline std::uint32_t escaped_widths(BitCursor& in) {
  const std::uint32_t codes = in.raw16();
  std::uint32_t entry = codes;
  for (int g = 0; g < 4; ++g) {
    const std::uint32_t code = codes >> (4 * g) & 15;
    if (code > kCodebookCode) return kBadCodes;
    if (code == kCodebookCode) entry |= 1u << (24 + g);
  }
  return entry;
}

inline bool next_head(BitCursor& in, std::uint32_t cls, const DecodeTables& tables, Head& head) {
  in.refill();
  std::uint32_t low = next_entry<kLowBits>(in, tables.low, tables.low_long, cls);
  if (__builtin_expect((low & kEntryEscape) != 0, 0)) {
    low = escaped_widths(in);
    if ((low >> 24 & 1) != 0) return false;  // group 0 has no codebook; impossible codes come here too
  }
  const std::uint32_t high_context = cls * 14 + (low >> 12 & 15);
  std::uint32_t high = next_entry<kHighBits>(in, tables.high, tables.high_long, high_context);
  if (__builtin_expect((high & kEntryEscape) != 0, 0)) {
    high = escaped_widths(in);
    if (high == kBadCodes) return false;
  }
  const std::uint32_t extension_context = cls * 13 + (low & 15);
  std::uint32_t extension =
      next_entry<kExtensionBits>(in, tables.extension, tables.extension_long, extension_context);
  if (__builtin_expect((extension & kEntryEscape) != 0, 0)) {
    in.refill();
    extension = in.raw16();
  }
  const std::uint32_t codebook = (low >> 24 & 15) | (high >> 20 & 0xf0);
  const std::uint64_t codes =
      spread_nibbles((low & 0xffff) | static_cast<std::uint64_t>(high & 0xffff) << 16);
  head.widths = codes ^ spread_bits(codebook) * (kCodebookCode ^ 1);  // an index takes one byte
  head.extension = static_cast<std::int16_t>(static_cast<std::uint16_t>(extension));
  head.codebook = static_cast<std::uint8_t>(codebook);
  return true;
}

// Reads one head of each of kTiles tiles at a time: what one waits for, the other has.
template <int kTiles>
inline bool read_compact_heads(const HeadsJob* jobs, const std::uint8_t* classes, int count,
                               const DecodeTables& tables) {
  BitCursor in[kTiles];
  for (int t = 0; t < kTiles; ++t) in[t].at = jobs[t].end;
  std::uint32_t offset[kTiles] = {};
  for (int i = 0; i < count; ++i) {
    for (int t = 0; t < kTiles; ++t) {
      Head& head = jobs[t].heads[i];
      if (!next_head(in[t], classes[i], tables, head)) return false;
      head.offset = offset[t];
      offset[t] += static_cast<std::uint32_t>(head.widths * kOnes >> 56);
    }
  }
  for (int t = 0; t < kTiles; ++t) {
    if (offset[t] + in[t].used_bytes(jobs[t].end) != jobs[t].size) return false;
  }
  return true;
}

inline bool read_compact_jobs(const HeadsJob* jobs, int tiles, const std::uint8_t* classes, int count,
                              const DecodeTables& tables) {
  return tiles == 1 ? read_compact_heads<1>(jobs, classes, count, tables)
                    : read_compact_heads<2>(jobs, classes, count, tables);
}

// Whether some group has more than eight bits.
inline bool has_big_group(std::uint64_t widths) { return ((widths + 0x77 * kOnes) & 0x80 * kOnes) != 0; }

// The number of zigzag positions up to the last group that is not zero; 1 where only the DC is left.
inline std::uint8_t extent_of(std::uint64_t widths) {
  if (widths == 0) return 1;
  return static_cast<std::uint8_t>(64 - (__builtin_clzll(widths) & ~7));
}

// Adds the difference to the DC before it, in 16 bits.
inline std::int16_t next_dc(std::int16_t before, int slot, const Head& head) {
  const int difference = slot + head.extension * (1 << (head.widths & 15));
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(before + difference));
}

// The DC slot alone, for blocks that nobody needs.
inline int slot_of(const std::uint8_t* groups, std::uint64_t widths) {
  const int width = static_cast<int>(widths & 15);
  if (width == 0) return 0;
  if (width > 8) {
    const int high = static_cast<int>(groups[8] & ((1u << (width - 8)) - 1)) - (1 << (width - 9));
    return high * 256 + (groups[0] ^ 0x80);
  }
  return static_cast<int>(groups[0] & ((1u << width) - 1)) - (1 << (width - 1));
}

}  // namespace
}  // namespace slip::dct
