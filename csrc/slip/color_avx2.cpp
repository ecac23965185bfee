#include "slip/color.h"

#if SLIP_X86
#include <immintrin.h>

namespace slip {
namespace {

inline __m256i load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
inline __m256i words(int value) { return _mm256_set1_epi16(static_cast<short>(value)); }

struct Rgb {
  __m256i r, g, b;
};

// Sixteen bits each: luma 0-255, chroma less 128. The three constants are libjpeg's over 65536, less the
// whole part, halved where they are even so that the rounding of pmulhrsw is theirs.
inline Rgb exact_words(__m256i y, __m256i blue, __m256i red) {
  // 91881 = 65536 + 26345, which is odd: floor(26345 x / 32768), then halved with rounding.
  __m256i r = _mm256_mulhi_epi16(_mm256_add_epi16(red, red), words(26345));
  r = _mm256_add_epi16(_mm256_srai_epi16(_mm256_add_epi16(r, words(1)), 1), red);
  // 116130 = 131072 - 14942
  const __m256i b = _mm256_add_epi16(_mm256_mulhrs_epi16(blue, words(-7471)), _mm256_add_epi16(blue, blue));
  // -22554 blue - 46802 red
  const __m256i pair = _mm256_set1_epi32((-23401 * 65536) | (-11277 & 0xffff));
  const __m256i half = _mm256_set1_epi32(16384);
  const __m256i low = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpacklo_epi16(blue, red), pair), half);
  const __m256i high = _mm256_add_epi32(_mm256_madd_epi16(_mm256_unpackhi_epi16(blue, red), pair), half);
  const __m256i g = _mm256_packs_epi32(_mm256_srai_epi32(low, 15), _mm256_srai_epi32(high, 15));
  return {_mm256_add_epi16(y, r), _mm256_add_epi16(y, g), _mm256_add_epi16(y, b)};
}

void exact(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int count, std::uint8_t* r,
           std::uint8_t* g, std::uint8_t* b) {
  const __m256i zero = _mm256_setzero_si256(), center = words(128);
  for (int i = 0; i < count; i += 32) {
    const __m256i luma = load(y + i), blue = load(cb + i), red = load(cr + i);
    const Rgb low = exact_words(_mm256_unpacklo_epi8(luma, zero),
                                _mm256_sub_epi16(_mm256_unpacklo_epi8(blue, zero), center),
                                _mm256_sub_epi16(_mm256_unpacklo_epi8(red, zero), center));
    const Rgb high = exact_words(_mm256_unpackhi_epi8(luma, zero),
                                 _mm256_sub_epi16(_mm256_unpackhi_epi8(blue, zero), center),
                                 _mm256_sub_epi16(_mm256_unpackhi_epi8(red, zero), center));
    store(r + i, _mm256_packus_epi16(low.r, high.r));
    store(g + i, _mm256_packus_epi16(low.g, high.g));
    store(b + i, _mm256_packus_epi16(low.b, high.b));
  }
}

inline Rgb q8_words(__m256i y, __m256i cb, __m256i cr) {
  const __m256i luma = _mm256_srli_epi16(_mm256_add_epi16(y, words(130)), 2);
  const __m256i blue = _mm256_xor_si256(cb, words(0x8000)), red = _mm256_xor_si256(cr, words(0x8000));
  const __m256i r = _mm256_add_epi16(luma, _mm256_mulhrs_epi16(red, words(11485)));
  const __m256i g = _mm256_sub_epi16(_mm256_sub_epi16(luma, _mm256_mulhrs_epi16(blue, words(2819))),
                                     _mm256_mulhrs_epi16(red, words(5850)));
  const __m256i b = _mm256_add_epi16(luma, _mm256_mulhrs_epi16(blue, words(14516)));
  return {_mm256_srai_epi16(r, 6), _mm256_srai_epi16(g, 6), _mm256_srai_epi16(b, 6)};
}

inline __m256i pack(__m256i low, __m256i high) {
  return _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high), 0xd8);
}

void from_q8(const std::uint16_t* y, const std::uint16_t* cb, const std::uint16_t* cr, int count,
             std::uint8_t* r, std::uint8_t* g, std::uint8_t* b) {
  for (int i = 0; i < count; i += 32) {
    const Rgb low = q8_words(load(y + i), load(cb + i), load(cr + i));
    const Rgb high = q8_words(load(y + i + 16), load(cb + i + 16), load(cr + i + 16));
    store(r + i, pack(low.r, high.r));
    store(g + i, pack(low.g, high.g));
    store(b + i, pack(low.b, high.b));
  }
}

void round_q8(const std::uint16_t* q8, int count, std::uint8_t* out) {
  for (int i = 0; i < count; i += 32) {
    const __m256i low = _mm256_srli_epi16(_mm256_add_epi16(load(q8 + i), words(128)), 8);
    const __m256i high = _mm256_srli_epi16(_mm256_add_epi16(load(q8 + i + 16), words(128)), 8);
    store(out + i, pack(low, high));
  }
}

}  // namespace

const ColorKernels color_kernels_avx2 = {exact, from_q8, round_q8};

}  // namespace slip
#endif
