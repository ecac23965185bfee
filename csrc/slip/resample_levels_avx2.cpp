#include "slip/resample_kernels.h"

#if SLIP_X86
#include "slip/avx2_loads.h"

namespace slip {
namespace {

// Weights over 2^22 do not fit the sixteen bits of pmaddwd: they come in two parts, weight = high * 2^11 +
// low.
constexpr int kLowBits = kLevelBits / 2;

struct Sum {
  __m256i high = _mm256_setzero_si256(), low = _mm256_setzero_si256();
  // `pairs` holds the samples of two taps in each 32 bits.
  void add(__m256i pairs, __m256i weight_high, __m256i weight_low) {
    high = _mm256_add_epi32(high, _mm256_madd_epi16(pairs, weight_high));
    low = _mm256_add_epi32(low, _mm256_madd_epi16(pairs, weight_low));
  }
  __m256i levels() const {
    const __m256i half = _mm256_set1_epi32(1 << (kLevelBits - 1));
    const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(high, kLowBits), _mm256_add_epi32(low, half));
    return _mm256_srli_epi32(sum, kLevelBits);
  }
};

inline Sum horizontal_block(const std::uint8_t* low, const std::uint8_t* high, const Groups& groups,
                            int block) {
  const std::uint8_t* shuffle = groups.shuffle + 32 * block * groups.windows;
  const std::int16_t* weight = groups.weight + 32 * block * groups.steps;
  Sum sum;
  for (int s = 0; s < groups.steps; ++s) {
    __m256i pairs = _mm256_shuffle_epi8(load_halves(low + 2 * s, high + 2 * s), load(shuffle));
    for (int w = 1; w < groups.windows; ++w) {
      const __m256i bytes = load_halves(low + 2 * s + 16 * w, high + 2 * s + 16 * w);
      pairs = _mm256_or_si256(pairs, _mm256_shuffle_epi8(bytes, load(shuffle + 32 * w)));
    }
    sum.add(pairs, load(weight + 32 * s), load(weight + 32 * s + 16));
  }
  return sum;
}

void horizontal(const std::uint8_t* const* rows, int planes, const Taps&, const Groups& table, int origin,
                Level* const* out) {
  const Groups groups = table;  // whose pointers no store can change
  for (int b = 0; b < groups.blocks; ++b) {
    const int low = groups.base[2 * b] - origin, high = groups.base[2 * b + 1] - origin;
    for (int p = 0; p < planes; ++p) {
      const __m256i levels = horizontal_block(rows[p] + low, rows[p] + high, groups, b).levels();
      const __m128i words =
          _mm_packs_epi32(_mm256_castsi256_si128(levels), _mm256_extracti128_si256(levels, 1));
      _mm_storel_epi64(reinterpret_cast<__m128i*>(out[p] + 8 * b), _mm_packus_epi16(words, words));
    }
  }
}

inline __m256i weight_pair(int first, int second) {
  return _mm256_set1_epi32(
      static_cast<int>(static_cast<unsigned>(second) << 16 | static_cast<unsigned>(first)));
}

void vertical(const Level* const* rows, const int* weights, int count, int width, Level* out) {
  constexpr int kLowMask = (1 << kLowBits) - 1;
  const __m256i zero = _mm256_setzero_si256();
  for (int x = 0; x < width; x += 32) {
    Sum sums[4];
    for (int k = 0; k < count; k += 2) {
      const bool pair = k + 1 < count;
      const int first = weights[k], second = pair ? weights[k + 1] : 0;
      const __m256i high = weight_pair(first >> kLowBits, second >> kLowBits);
      const __m256i low = weight_pair(first & kLowMask, second & kLowMask);
      const __m256i a = load(rows[k] + x), b = pair ? load(rows[k + 1] + x) : zero;
      const __m256i ab[2] = {_mm256_unpacklo_epi8(a, b), _mm256_unpackhi_epi8(a, b)};
      for (int i = 0; i < 4; ++i) {
        const __m256i words =
            i % 2 == 0 ? _mm256_unpacklo_epi8(ab[i / 2], zero) : _mm256_unpackhi_epi8(ab[i / 2], zero);
        sums[i].add(words, high, low);
      }
    }
    const __m256i low = _mm256_packs_epi32(sums[0].levels(), sums[1].levels());
    const __m256i high = _mm256_packs_epi32(sums[2].levels(), sums[3].levels());
    store(out + x, _mm256_packus_epi16(low, high));
  }
}

}  // namespace

const PassKernels<Level> level_kernels_avx2 = {horizontal, vertical};

}  // namespace slip
#endif
