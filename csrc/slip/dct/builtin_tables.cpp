#include "slip/dct/builtin_tables.h"

#include <cstddef>

namespace slip::dct {
namespace {

// Base 64 of the tables' bytes, made by tools/make_builtin_tables.py.
const char kCompact[] =
#include "slip/dct/builtin_compact.inc"
    ;
const char kWide[] =
#include "slip/dct/builtin_wide.inc"
    ;

std::uint32_t digit(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<std::uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<std::uint32_t>(c - 'a' + 26);
  if (c >= '0' && c <= '9') return static_cast<std::uint32_t>(c - '0' + 52);
  return c == '+' ? 62 : 63;
}

// `length` digits without padding.
std::vector<std::uint8_t> from_base64(const char* text, std::size_t length) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(length * 3 / 4);
  std::uint32_t held = 0;
  int bits = 0;
  for (std::size_t i = 0; i < length; ++i) {
    held = held << 6 | digit(text[i]);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<std::uint8_t>(held >> bits));
  }
  return bytes;
}

}  // namespace

std::vector<std::uint8_t> builtin_bytes(Packing packing) {
  return packing == Packing::compact ? from_base64(kCompact, sizeof kCompact - 1)
                                     : from_base64(kWide, sizeof kWide - 1);
}

}  // namespace slip::dct
