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

// The last step of a pass: `even` terms, rounding included, plus and minus the `odd` ones.
template <int kShift>
inline void even_odd_sums(__m256i even0, __m256i even1, __m256i even2, __m256i even3, __m256i odd0,
                          __m256i odd1, __m256i odd2, __m256i odd3, __m256i out[8]) {
  out[0] = _mm256_srai_epi32(_mm256_add_epi32(even0, odd0), kShift);
  out[7] = _mm256_srai_epi32(_mm256_sub_epi32(even0, odd0), kShift);
  out[1] = _mm256_srai_epi32(_mm256_add_epi32(even1, odd1), kShift);
  out[6] = _mm256_srai_epi32(_mm256_sub_epi32(even1, odd1), kShift);
  out[2] = _mm256_srai_epi32(_mm256_add_epi32(even2, odd2), kShift);
  out[5] = _mm256_srai_epi32(_mm256_sub_epi32(even2, odd2), kShift);
  out[3] = _mm256_srai_epi32(_mm256_add_epi32(even3, odd3), kShift);
  out[4] = _mm256_srai_epi32(_mm256_sub_epi32(even3, odd3), kShift);
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
  const __m256i y3 = _mm256_madd_epi16(z34, constants(9633 - 16069, 9633));
  const __m256i y4 = _mm256_madd_epi16(z34, constants(9633, 9633 - 3196));
  even_odd_sums<kShift>(_mm256_add_epi32(t0, t3), _mm256_add_epi32(t1, t2), _mm256_sub_epi32(t1, t2),
                        _mm256_sub_epi32(t0, t3),
                        _mm256_add_epi32(_mm256_madd_epi16(p71, constants(-7373, 12299 - 7373)), y4),
                        _mm256_add_epi32(_mm256_madd_epi16(p53, constants(-20995, 25172 - 20995)), y3),
                        _mm256_add_epi32(_mm256_madd_epi16(p53, constants(16819 - 20995, -20995)), y4),
                        _mm256_add_epi32(_mm256_madd_epi16(p71, constants(2446 - 7373, -7373)), y3), out);
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

// Row `row` of the blocks at a and b, one in each lane.
inline __m256i dequantise(const short* a, const short* b, const unsigned short* quant, int row) {
  const __m256i low = _mm256_castsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(a + 8 * row)));
  const __m128i high = _mm_load_si128(reinterpret_cast<const __m128i*>(b + 8 * row));
  const __m128i steps = _mm_load_si128(reinterpret_cast<const __m128i*>(quant + 8 * row));
  return _mm256_mullo_epi16(_mm256_inserti128_si256(low, high, 1), _mm256_broadcastsi128_si256(steps));
}

// Where a sample of the first row does not survive a shift by two in 16 bits, libjpeg-turbo's shortcut for
// blocks without further rows wraps; valid images never get there, and the portable kernel knows what to do.
inline bool first_row_is_tame(__m256i row) {
  const __m256i back = _mm256_srai_epi16(_mm256_slli_epi16(row, 2), 2);
  return _mm256_movemask_epi8(_mm256_cmpeq_epi16(back, row)) == -1;
}

// One pass over four columns of which only rows 0 to 3 are not zero: `even` holds pairs of rows 0 and 2,
// `odd` of rows 1 and 3. The products of the full pass, added up beforehand.
template <int kShift>
inline void sparse_pass(__m256i even, __m256i odd, __m256i out[8]) {
  const __m256i round = _mm256_set1_epi32(1 << (kShift - 1));
  even_odd_sums<kShift>(_mm256_add_epi32(_mm256_madd_epi16(even, constants(8192, 4433 + 6270)), round),
                        _mm256_add_epi32(_mm256_madd_epi16(even, constants(8192, 4433)), round),
                        _mm256_add_epi32(_mm256_madd_epi16(even, constants(8192, -4433)), round),
                        _mm256_add_epi32(_mm256_madd_epi16(even, constants(8192, -4433 - 6270)), round),
                        _mm256_madd_epi16(odd, constants(12299 - 7373 + 9633 - 3196, 9633)),
                        _mm256_madd_epi16(odd, constants(9633, 25172 - 20995 + 9633 - 16069)),
                        _mm256_madd_epi16(odd, constants(9633 - 3196, 9633 - 20995)),
                        _mm256_madd_epi16(odd, constants(9633 - 7373, 9633 - 16069)), out);
}

inline bool transform_pair(const short* a, const short* b, const unsigned short* quant, __m256i rows[4]) {
  Pair pair;
  for (int i = 0; i < 8; ++i) pair.r[i] = dequantise(a, b, quant, i);
  if (!first_row_is_tame(pair.r[0])) return false;
  pass<11>(pair);
  transpose(pair);
  pass<18>(pair);
  pack_rows(pair, rows);
  return true;
}

// For blocks of which only the first four columns and rows are not zero.
inline bool transform_sparse_pair(const short* a, const short* b, const unsigned short* quant,
                                  __m256i rows[4]) {
  __m256i r[4];
  for (int i = 0; i < 4; ++i) r[i] = dequantise(a, b, quant, i);
  if (!first_row_is_tame(r[0])) return false;
  // Columns in the order 0, 2, 1, 3, so that the second pass finds its pairs side by side.
  const __m256i even = _mm256_shuffle_epi32(_mm256_unpacklo_epi16(r[0], r[2]), 0xd8);
  const __m256i odd = _mm256_shuffle_epi32(_mm256_unpacklo_epi16(r[1], r[3]), 0xd8);
  __m256i wide[8], packed[4];
  sparse_pass<11>(even, odd, wide);
  for (int i = 0; i < 4; ++i) packed[i] = _mm256_packs_epi32(wide[i], wide[i + 4]);
  const __m256i q0 = _mm256_unpacklo_epi32(packed[0], packed[1]),
                q1 = _mm256_unpacklo_epi32(packed[2], packed[3]);
  const __m256i q2 = _mm256_unpackhi_epi32(packed[0], packed[1]),
                q3 = _mm256_unpackhi_epi32(packed[2], packed[3]);
  __m256i low[8], high[8];
  sparse_pass<18>(_mm256_unpacklo_epi64(q0, q1), _mm256_unpackhi_epi64(q0, q1), low);
  sparse_pass<18>(_mm256_unpacklo_epi64(q2, q3), _mm256_unpackhi_epi64(q2, q3), high);
  Pair pair;
  for (int i = 0; i < 8; ++i) pair.r[i] = _mm256_packs_epi32(low[i], high[i]);
  pack_rows(pair, rows);
  return true;
}

// The one level of a block that has nothing but a DC.
inline int flat_level(const short* block, const unsigned short* quant) {
  const auto value = static_cast<short>(static_cast<unsigned>(block[0]) * quant[0] << 2);
  const int level = (value + 16) >> 5;
  return (level < -128 ? -128 : level > 127 ? 127 : level) + 128;
}

inline void flat_pair(const short* a, const short* b, const unsigned short* quant, __m256i rows[4]) {
  const __m128i low = _mm_set1_epi8(static_cast<char>(flat_level(a, quant)));
  const __m128i high = _mm_set1_epi8(static_cast<char>(flat_level(b, quant)));
  const __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
  for (int i = 0; i < 4; ++i) rows[i] = both;
}

// Coefficients at zigzag positions below this lie in the first four columns and rows.
constexpr int kSparseExtent = 10;

// Transforms the blocks at a and b, whose larger extent is `extent`, one in each lane: rows[i] holds rows 2i
// and 2i + 1. False where the values are none that a valid image has.
inline bool inverse_pair(const short* a, const short* b, int extent, const unsigned short* quant,
                         __m256i rows[4]) {
  if (extent > kSparseExtent) return transform_pair(a, b, quant, rows);
  if (extent > 1) return transform_sparse_pair(a, b, quant, rows);
  flat_pair(a, b, quant, rows);
  return true;
}

inline void store_pair(const __m256i rows[4], unsigned char* destination, std::ptrdiff_t stride) {
  for (int y = 0; y < 4; ++y) {
    const __m256i two = _mm256_permute4x64_epi64(rows[y], 0xd8);  // row 2y of both blocks, then row 2y + 1
    _mm_storeu_si128(reinterpret_cast<__m128i*>(destination + 2 * y * stride), _mm256_castsi256_si128(two));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(destination + (2 * y + 1) * stride),
                     _mm256_extracti128_si256(two, 1));
  }
}

inline void store_first(const __m256i rows[4], unsigned char* destination, std::ptrdiff_t stride) {
  for (int y = 0; y < 4; ++y, destination += 2 * stride) {
    const __m128i two = _mm256_castsi256_si128(rows[y]);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(destination), two);
    _mm_storeh_pd(reinterpret_cast<double*>(destination + stride), _mm_castsi128_pd(two));
  }
}

}  // namespace

void idct_row_avx2(const std::int16_t* coefficients, const std::uint8_t* extents, int count,
                   const std::uint16_t* quant, std::uint8_t* destination, std::ptrdiff_t stride) {
  __m256i rows[4];
  int i = 0;
  for (; i + 2 <= count; i += 2, coefficients += 128, destination += 16) {
    int extent = 64;
    if (extents != nullptr) extent = extents[i] > extents[i + 1] ? extents[i] : extents[i + 1];
    if (inverse_pair(coefficients, coefficients + 64, extent, quant, rows)) {
      store_pair(rows, destination, stride);
    } else {
      idct_block_portable(coefficients, quant, destination, stride);
      idct_block_portable(coefficients + 64, quant, destination + 8, stride);
    }
  }
  if (i == count) return;
  if (inverse_pair(coefficients, coefficients, extents == nullptr ? 64 : extents[i], quant, rows)) {
    store_first(rows, destination, stride);
  } else {
    idct_block_portable(coefficients, quant, destination, stride);
  }
}

}  // namespace slip
