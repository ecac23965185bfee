#include "slip/upsample_kernels.h"

#if SLIP_X86
#include <immintrin.h>

namespace slip {
namespace {

inline __m256i load(const std::uint16_t* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}
inline void store(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }
inline __m256i widen(const std::uint8_t* p) {
  return _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline __m256i times3(__m256i v) { return _mm256_add_epi16(v, _mm256_add_epi16(v, v)); }

void blend(const std::uint8_t* near, const std::uint8_t* far, int count, std::uint16_t* sums) {
  for (int i = 0; i < count; i += 16)
    store(sums + i, _mm256_add_epi16(times3(widen(near + i)), widen(far + i)));
}

void narrow(const std::uint16_t* sums, int count, int bias, int shift, std::uint8_t* out) {
  const __m256i add = _mm256_set1_epi16(static_cast<short>(bias));
  const __m128i bits = _mm_cvtsi32_si128(shift);
  for (int i = 0; i < count; i += 16) {
    const __m256i v = _mm256_srl_epi16(_mm256_add_epi16(load(sums + i), add), bits);
    const __m128i packed = _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), packed);
  }
}

void spread(const std::uint16_t* sums, int count, int even, int odd, int shift, std::uint8_t* out) {
  const __m256i add_even = _mm256_set1_epi16(static_cast<short>(even));
  const __m256i add_odd = _mm256_set1_epi16(static_cast<short>(odd));
  const __m128i bits = _mm_cvtsi32_si128(shift);
  for (int i = 0; i < count; i += 16) {
    const __m256i near = times3(load(sums + i));
    const __m256i left = _mm256_add_epi16(_mm256_add_epi16(near, load(sums + i - 1)), add_even);
    const __m256i right = _mm256_add_epi16(_mm256_add_epi16(near, load(sums + i + 1)), add_odd);
    store(out + 2 * i,
          _mm256_or_si256(_mm256_srl_epi16(left, bits), _mm256_slli_epi16(_mm256_srl_epi16(right, bits), 8)));
  }
}

}  // namespace

const UpsampleKernels upsample_kernels_avx2 = {blend, narrow, spread};

}  // namespace slip
#endif
