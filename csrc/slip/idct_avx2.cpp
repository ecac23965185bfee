#include <immintrin.h>

#include "slip/idct_kernels.h"

namespace slip {
namespace {

// Two blocks at once, one in each 128-bit lane; r[v] is row v of both.
struct Pair {
  __m256i r[8];
};

inline __m256i constants(int even, int odd) {
  return _mm256_set1_epi32((even & 0xffff) | static_cast<int>(static_cast<unsigned>(odd) << 16));
}

// Half of one pass (the low or the high four columns of each lane), in 32 bits.
template <int kShift>
inline void half_pass(__m256i p04, __m256i m04, __m256i p26, __m256i p71, __m256i p53, __m256i z34,
                      __m256i out[8]) {
  const __m256i round = _mm256_set1_epi32(1 << (kShift - 1));
  const __m256i t0 = _mm256_add_epi32(_mm256_srai_epi32(p04, 3), round);
  const __m256i t1 = _mm256_add_epi32(_mm256_srai_epi32(m04, 3), round);
  const __m256i t2 = _mm256_madd_epi16(p26, constants(4433, 4433 - 15137));
  const __m256i t3 = _mm256_madd_epi16(p26, constants(4433 + 6270, 4433));
  const __m256i even[4] = {_mm256_add_epi32(t0, t3), _mm256_add_epi32(t1, t2), _mm256_sub_epi32(t1, t2),
                           _mm256_sub_epi32(t0, t3)};
  const __m256i y3 = _mm256_madd_epi16(z34, constants(9633 - 16069, 9633));
  const __m256i y4 = _mm256_madd_epi16(z34, constants(9633, 9633 - 3196));
  const __m256i odd[4] = {_mm256_add_epi32(_mm256_madd_epi16(p71, constants(-7373, 12299 - 7373)), y4),
                          _mm256_add_epi32(_mm256_madd_epi16(p53, constants(-20995, 25172 - 20995)), y3),
                          _mm256_add_epi32(_mm256_madd_epi16(p53, constants(16819 - 20995, -20995)), y4),
                          _mm256_add_epi32(_mm256_madd_epi16(p71, constants(2446 - 7373, -7373)), y3)};
  for (int i = 0; i < 4; ++i) {
    out[i] = _mm256_srai_epi32(_mm256_add_epi32(even[i], odd[i]), kShift);
    out[7 - i] = _mm256_srai_epi32(_mm256_sub_epi32(even[i], odd[i]), kShift);
  }
}

template <int kShift>
inline void pass(Pair& b) {
  const __m256i zero = _mm256_setzero_si256();
  const __m256i z3 = _mm256_add_epi16(b.r[7], b.r[3]), z4 = _mm256_add_epi16(b.r[5], b.r[1]);
  const __m256i plus = _mm256_add_epi16(b.r[0], b.r[4]), minus = _mm256_sub_epi16(b.r[0], b.r[4]);
  __m256i low[8], high[8];
  half_pass<kShift>(_mm256_unpacklo_epi16(zero, plus), _mm256_unpacklo_epi16(zero, minus),
                    _mm256_unpacklo_epi16(b.r[2], b.r[6]), _mm256_unpacklo_epi16(b.r[7], b.r[1]),
                    _mm256_unpacklo_epi16(b.r[5], b.r[3]), _mm256_unpacklo_epi16(z3, z4), low);
  half_pass<kShift>(_mm256_unpackhi_epi16(zero, plus), _mm256_unpackhi_epi16(zero, minus),
                    _mm256_unpackhi_epi16(b.r[2], b.r[6]), _mm256_unpackhi_epi16(b.r[7], b.r[1]),
                    _mm256_unpackhi_epi16(b.r[5], b.r[3]), _mm256_unpackhi_epi16(z3, z4), high);
  for (int i = 0; i < 8; ++i) b.r[i] = _mm256_packs_epi32(low[i], high[i]);
}

inline void transpose(Pair& b) {
  __m256i a[8], c[8];
  for (int i = 0; i < 4; ++i) {
    a[2 * i] = _mm256_unpacklo_epi16(b.r[2 * i], b.r[2 * i + 1]);
    a[2 * i + 1] = _mm256_unpackhi_epi16(b.r[2 * i], b.r[2 * i + 1]);
  }
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 2; ++j) {
      c[4 * i + 2 * j] = _mm256_unpacklo_epi32(a[4 * i + j], a[4 * i + 2 + j]);
      c[4 * i + 2 * j + 1] = _mm256_unpackhi_epi32(a[4 * i + j], a[4 * i + 2 + j]);
    }
  }
  for (int i = 0; i < 4; ++i) {
    b.r[2 * i] = _mm256_unpacklo_epi64(c[i], c[4 + i]);
    b.r[2 * i + 1] = _mm256_unpackhi_epi64(c[i], c[4 + i]);
  }
}

// r[x] holds column x; on return out[i] holds rows 2i and 2i + 1 of a lane's block as bytes.
inline void pack_rows(const Pair& b, __m256i out[4]) {
  const __m256i centre = _mm256_set1_epi8(-128);
  __m256i p[4];
  for (int i = 0; i < 4; ++i) p[i] = _mm256_add_epi8(_mm256_packs_epi16(b.r[i], b.r[i + 4]), centre);
  const __m256i q0 = _mm256_unpacklo_epi8(p[0], p[2]), q1 = _mm256_unpacklo_epi8(p[1], p[3]);
  const __m256i q2 = _mm256_unpackhi_epi8(p[0], p[2]), q3 = _mm256_unpackhi_epi8(p[1], p[3]);
  const __m256i s0 = _mm256_unpacklo_epi8(q0, q1), s1 = _mm256_unpackhi_epi8(q0, q1);
  const __m256i s2 = _mm256_unpacklo_epi8(q2, q3), s3 = _mm256_unpackhi_epi8(q2, q3);
  out[0] = _mm256_unpacklo_epi32(s0, s2);
  out[1] = _mm256_unpackhi_epi32(s0, s2);
  out[2] = _mm256_unpacklo_epi32(s1, s3);
  out[3] = _mm256_unpackhi_epi32(s1, s3);
}

inline __m128i dequantise(const short* coefficients, const unsigned short* quant, int row) {
  return _mm_mullo_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(coefficients + 8 * row)),
                         _mm_load_si128(reinterpret_cast<const __m128i*>(quant + 8 * row)));
}

// Where a sample of the first row does not survive a shift by two in 16 bits, libjpeg-turbo's shortcut for
// blocks without further rows wraps; valid images never get there, and the portable kernel knows what to do.
inline bool first_row_is_tame(__m256i row) {
  const __m256i back = _mm256_srai_epi16(_mm256_slli_epi16(row, 2), 2);
  return _mm256_movemask_epi8(_mm256_cmpeq_epi16(back, row)) == -1;
}

inline void store8(__m128i rows, unsigned char* first, unsigned char* second) {
  _mm_storel_epi64(reinterpret_cast<__m128i*>(first), rows);
  _mm_storeh_pd(reinterpret_cast<double*>(second), _mm_castsi128_pd(rows));
}

inline bool transform_pair(const short* a, const short* b, const unsigned short* quant, __m256i rows[4]) {
  Pair pair;
  for (int i = 0; i < 8; ++i) {
    pair.r[i] =
        _mm256_inserti128_si256(_mm256_castsi128_si256(dequantise(a, quant, i)), dequantise(b, quant, i), 1);
  }
  if (!first_row_is_tame(pair.r[0])) return false;
  pass<11>(pair);
  transpose(pair);
  pass<18>(pair);
  pack_rows(pair, rows);
  return true;
}

}  // namespace

void idct_row_avx2(const std::int16_t* coefficients, const std::uint8_t* extents, int count,
                   const std::uint16_t* quant, std::uint8_t* destination, std::ptrdiff_t stride) {
  (void)extents;
  __m256i rows[4];
  int i = 0;
  for (; i + 2 <= count; i += 2, coefficients += 128, destination += 16) {
    if (!transform_pair(coefficients, coefficients + 64, quant, rows)) {
      idct_block_portable(coefficients, quant, destination, stride);
      idct_block_portable(coefficients + 64, quant, destination + 8, stride);
      continue;
    }
    for (int y = 0; y < 4; ++y) {
      const __m256i two = _mm256_permute4x64_epi64(rows[y], 0xd8);  // row 2y of both blocks, then row 2y + 1
      _mm_storeu_si128(reinterpret_cast<__m128i*>(destination + 2 * y * stride), _mm256_castsi256_si128(two));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(destination + (2 * y + 1) * stride),
                       _mm256_extracti128_si256(two, 1));
    }
  }
  if (i == count) return;
  if (!transform_pair(coefficients, coefficients, quant, rows)) {
    idct_block_portable(coefficients, quant, destination, stride);
    return;
  }
  for (int y = 0; y < 4; ++y) {
    store8(_mm256_castsi256_si128(rows[y]), destination + 2 * y * stride, destination + (2 * y + 1) * stride);
  }
}

}  // namespace slip
