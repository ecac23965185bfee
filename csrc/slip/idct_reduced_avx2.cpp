#include <immintrin.h>

#include "slip/idct_reduced_kernels.h"

namespace slip {
namespace {

// Four blocks at once, two in each 128-bit lane: row[y] holds row y of the first two in its low lane.
struct Rows {
  __m256i row[4];
};

inline __m128i load_row(const std::int16_t* a, const std::int16_t* b) {
  return _mm_unpacklo_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(a)),
                            _mm_loadl_epi64(reinterpret_cast<const __m128i*>(b)));
}

inline Rows dequantise(const std::int16_t* coefficients, const std::uint16_t* quant) {
  Rows rows;
  for (int y = 0; y < 4; ++y, coefficients += 8, quant += 8) {
    long long steps;
    __builtin_memcpy(&steps, quant, sizeof steps);
    const __m256i four = _mm256_set_m128i(load_row(coefficients + 128, coefficients + 192),
                                          load_row(coefficients, coefficients + 64));
    rows.row[y] = _mm256_mullo_epi16(four, _mm256_set1_epi64x(steps));
  }
  return rows;
}

inline __m256i constants(int first, int second) {
  return _mm256_set1_epi32((first & 0xffff) | static_cast<int>(static_cast<unsigned>(second) << 16));
}

// The transform of pairs (0, 2) and (1, 3), in 32 bits.
template <int kShift>
inline void pass(__m256i even, __m256i odd, __m256i out[4]) {
  const __m256i round = _mm256_set1_epi32(1 << (kShift - 1));
  for (int y = 0; y < 2; ++y) {
    const int* basis = kReducedBasis4[y];
    const __m256i e = _mm256_add_epi32(_mm256_madd_epi16(even, constants(basis[0], basis[2])), round);
    const __m256i o = _mm256_madd_epi16(odd, constants(basis[1], basis[3]));
    out[y] = _mm256_srai_epi32(_mm256_add_epi32(e, o), kShift);
    out[3 - y] = _mm256_srai_epi32(_mm256_sub_epi32(e, o), kShift);
  }
}

// A pass over either block of each lane, narrowed to 16 bits with the first block's results below.
template <int kShift>
inline void pass_both(const __m256i even[2], const __m256i odd[2], __m256i out[4]) {
  __m256i first[4], second[4];
  pass<kShift>(even[0], odd[0], first);
  pass<kShift>(even[1], odd[1], second);
  for (int i = 0; i < 4; ++i) out[i] = _mm256_packs_epi32(first[i], second[i]);
}

inline void transform_columns(Rows& rows) {
  const __m256i* r = rows.row;
  const __m256i even[2] = {_mm256_unpacklo_epi16(r[0], r[2]), _mm256_unpackhi_epi16(r[0], r[2])};
  const __m256i odd[2] = {_mm256_unpacklo_epi16(r[1], r[3]), _mm256_unpackhi_epi16(r[1], r[3])};
  __m256i out[4];
  pass_both<kReducedShift1>(even, odd, out);
  for (int y = 0; y < 4; ++y) rows.row[y] = out[y];
}

// column[x]: the samples of column x, rows 0-3 of the first block of each lane, then of the second.
inline void transform_rows(const Rows& rows, __m256i column[4]) {
  const __m256i* r = rows.row;
  const __m256i top[2] = {_mm256_unpacklo_epi16(r[0], r[1]), _mm256_unpackhi_epi16(r[0], r[1])};
  const __m256i bottom[2] = {_mm256_unpacklo_epi16(r[2], r[3]), _mm256_unpackhi_epi16(r[2], r[3])};
  __m256i even[2], odd[2];
  for (int b = 0; b < 2; ++b) {
    const __m256i columns01 = _mm256_unpacklo_epi32(top[b], bottom[b]);
    const __m256i columns23 = _mm256_unpackhi_epi32(top[b], bottom[b]);
    even[b] = _mm256_unpacklo_epi16(columns01, columns23);
    odd[b] = _mm256_unpackhi_epi16(columns01, columns23);
  }
  pass_both<kReducedShift2>(even, odd, column);
}

inline void store(const __m256i column[4], std::uint8_t* destination, std::ptrdiff_t stride) {
  // Of bytes in the order (column, block, row): by row, then block, then column.
  const __m256i order =
      _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 8, 4, 12, 1, 9, 5, 13, 2, 10, 6, 14, 3, 11, 7, 15));
  const __m256i centre = _mm256_set1_epi8(-128);
  const __m256i left = _mm256_shuffle_epi8(_mm256_packs_epi16(column[0], column[1]), order);
  const __m256i right = _mm256_shuffle_epi8(_mm256_packs_epi16(column[2], column[3]), order);
  const __m256i pairs[2] = {_mm256_unpacklo_epi16(left, right), _mm256_unpackhi_epi16(left, right)};
  for (int i = 0; i < 2; ++i, destination += 2 * stride) {
    const __m256i two = _mm256_permute4x64_epi64(_mm256_add_epi8(pairs[i], centre), 0xd8);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(destination), _mm256_castsi256_si128(two));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(destination + stride), _mm256_extracti128_si256(two, 1));
  }
}

}  // namespace

void idct_row_4x4_avx2(const std::int16_t* coefficients, int count, const std::uint16_t* quant,
                       std::uint8_t* destination, std::ptrdiff_t stride) {
  for (; count >= 4; count -= 4, coefficients += 256, destination += 16) {
    Rows rows = dequantise(coefficients, quant);
    transform_columns(rows);
    __m256i column[4];
    transform_rows(rows, column);
    store(column, destination, stride);
  }
  idct_row_4x4_portable(coefficients, count, quant, destination, stride);
}

}  // namespace slip
