// CRC-32C against the vectors of RFC 3720, and every kernel against the definition.
#include <cstring>
#include <random>
#include <vector>

#include "check.h"
#include "slip/crc32c.h"
#include "slip/simd.h"

namespace {

using Data = std::vector<std::uint8_t>;

std::uint32_t checksum(const Data& data) { return slip::crc32c({data.data(), data.size()}); }

std::uint32_t bit_by_bit(const Data& data) {
  std::uint32_t crc = 0xffffffff;
  for (std::uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
  }
  return ~crc;
}

void with_every_level(void (*body)()) {
  const slip::Simd best = slip::simd_level();
  for (slip::Simd level : {slip::Simd::portable, best}) {
    slip::force_simd_level(level);
    body();
  }
}

}  // namespace

TEST(matches_the_vectors_of_rfc_3720) {
  with_every_level([] {
    CHECK_EQ(checksum(Data(32, 0)), 0x8a9136aau);
    CHECK_EQ(checksum(Data(32, 0xff)), 0x62a8ab43u);
    Data rising(32);
    for (std::size_t i = 0; i < 32; ++i) rising[i] = static_cast<std::uint8_t>(i);
    CHECK_EQ(checksum(rising), 0x46dd794eu);
    const char* digits = "123456789";
    CHECK_EQ(slip::crc32c({reinterpret_cast<const std::uint8_t*>(digits), std::strlen(digits)}), 0xe3069283u);
    CHECK_EQ(slip::crc32c({}), 0u);
  });
}

TEST(every_length_and_offset_matches_the_definition) {
  with_every_level([] {
    std::mt19937 random(3);
    Data data(300);
    for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(random());
    for (std::size_t from = 0; from < 9; ++from)
      for (std::size_t size = 0; size < 70; ++size) {
        const Data part(data.begin() + static_cast<std::ptrdiff_t>(from),
                        data.begin() + static_cast<std::ptrdiff_t>(from + size));
        CHECK_EQ(slip::crc32c({data.data() + from, size}), bit_by_bit(part));
      }
  });
}

TEST(goes_on_from_the_checksum_of_what_came_before) {
  with_every_level([] {
    Data data(1000);
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * i);
    const std::uint32_t first = slip::crc32c({data.data(), 333});
    CHECK_EQ(slip::crc32c({data.data() + 333, 667}, first), checksum(data));
  });
}
