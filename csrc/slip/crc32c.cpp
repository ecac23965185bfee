#include "slip/crc32c.h"

#include <array>
#include <cstring>

#include "slip/simd.h"

#ifdef SLIP_X86
#include <nmmintrin.h>
#endif

namespace slip {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ kPolynomial : crc >> 1;
    table[0][byte] = crc;
  }
  for (std::size_t ahead = 1; ahead < 8; ++ahead)
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint32_t crc = table[ahead - 1][byte];
      table[ahead][byte] = table[0][crc & 255] ^ crc >> 8;
    }
  return table;
}

constexpr Tables kTable = make_tables();

// Eight bytes a step: table k tells what a byte becomes once k more bytes have followed it.
std::uint32_t portable(const std::uint8_t* at, std::size_t size, std::uint32_t crc) {
  for (; size >= 8; at += 8, size -= 8) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 4; ++i)
      next ^= kTable[7 - i][at[i] ^ (crc >> 8 * i & 255)] ^ kTable[3 - i][at[4 + i]];
    crc = next;
  }
  for (; size > 0; ++at, --size) crc = kTable[0][(crc ^ *at) & 255] ^ crc >> 8;
  return crc;
}

#ifdef SLIP_X86
__attribute__((target("sse4.2"))) std::uint32_t by_instruction(const std::uint8_t* at, std::size_t size,
                                                               std::uint32_t crc) {
  std::uint64_t wide = crc;
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; ++at, --size) crc = _mm_crc32_u8(crc, *at);
  return crc;
}
#endif

}  // namespace

std::uint32_t crc32c(Bytes bytes, std::uint32_t value) {
#ifdef SLIP_X86
  if (simd_level() == Simd::avx2)
    return ~by_instruction(bytes.data, bytes.size, ~value);  // AVX2 implies SSE4.2
#endif
  return ~portable(bytes.data, bytes.size, ~value);
}

}  // namespace slip
