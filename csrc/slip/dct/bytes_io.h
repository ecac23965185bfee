// Little-endian numbers in byte buffers.
#pragma once

#include <cstdint>
#include <cstring>
#include <vector>

namespace slip::dct {

template <class T>
T load_le(const std::uint8_t* p) {
  T value = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  std::memcpy(&value, p, sizeof value);
#else
  for (std::size_t i = sizeof value; i-- > 0;)
    value = static_cast<T>(static_cast<std::uint64_t>(value) << 8 | p[i]);
#endif
  return value;
}
inline std::uint16_t load_u16(const std::uint8_t* p) { return load_le<std::uint16_t>(p); }
inline std::uint32_t load_u32(const std::uint8_t* p) { return load_le<std::uint32_t>(p); }
inline std::uint64_t load_u64(const std::uint8_t* p) { return load_le<std::uint64_t>(p); }

template <class T>
void append_le(std::vector<std::uint8_t>& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i)));
  }
}

template <class T>
void store_le(std::uint8_t* out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    out[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (8 * i));
  }
}

}  // namespace slip::dct
