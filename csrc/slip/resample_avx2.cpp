#include "slip/resample_kernels.h"

#if SLIP_X86
#include <immintrin.h>

namespace slip {
namespace {

inline __m256i load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
inline void store(void* p, __m256i v) { _mm256_storeu_si256(static_cast<__m256i*>(p), v); }

inline __m256i load_halves(const std::uint8_t* low, const std::uint8_t* high) {
  return _mm256_inserti128_si256(
      _mm256_castsi128_si256(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low))),
      _mm_loadu_si128(reinterpret_cast<const __m128i*>(high)), 1);
}

struct Finish {
  __m256i add, keep;
  explicit Finish(Between between)
      : add(_mm256_set1_epi16(between == Between::levels ? 128 : 0)),
        keep(_mm256_set1_epi16(between == Between::levels ? static_cast<short>(0xff00)
                                                          : static_cast<short>(0xffff))) {}
  __m256i operator()(__m256i sum) const { return _mm256_and_si256(_mm256_add_epi16(sum, add), keep); }
};

// One window; kTaps is known, or 0 for any number.
template <int kTaps>
void horizontal_near(const std::uint8_t* row, const Groups& groups, int origin, Between between,
                     std::uint16_t* out) {
  const Finish finish(between);
  const int taps = kTaps ? kTaps : groups.taps;
  const std::uint16_t* weight = groups.weight;
  for (int p = 0; p < groups.pairs; ++p, weight += 16 * taps) {
    const std::uint8_t* low = row + (groups.base[2 * p] - origin);
    const std::uint8_t* high = row + (groups.base[2 * p + 1] - origin);
    const __m256i shuffle = load(groups.shuffle + 32 * p);
    __m256i sum = load(groups.bias + 16 * p);
    for (int k = 0; k < taps; ++k) {
      const __m256i levels = _mm256_shuffle_epi8(load_halves(low + k, high + k), shuffle);
      sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(levels, load(weight + 16 * k)));
    }
    store(out + 16 * p, finish(sum));
  }
}

void horizontal_far(const std::uint8_t* row, const Groups& groups, int origin, Between between,
                    std::uint16_t* out) {
  const Finish finish(between);
  for (int p = 0; p < groups.pairs; ++p) {
    const std::uint8_t* low = row + (groups.base[2 * p] - origin);
    const std::uint8_t* high = row + (groups.base[2 * p + 1] - origin);
    const std::uint8_t* shuffle = groups.shuffle + 32 * p * groups.windows;
    const std::uint16_t* weight = groups.weight + 16 * p * groups.taps;
    __m256i sum = load(groups.bias + 16 * p);
    for (int k = 0; k < groups.taps; ++k) {
      __m256i levels = _mm256_setzero_si256();
      for (int w = 0; w < groups.windows; ++w) {
        const __m256i bytes = load_halves(low + k + 16 * w, high + k + 16 * w);
        levels = _mm256_or_si256(levels, _mm256_shuffle_epi8(bytes, load(shuffle + 32 * w)));
      }
      sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(levels, load(weight + 16 * k)));
    }
    store(out + 16 * p, finish(sum));
  }
}

void horizontal(const std::uint8_t* row, const Taps&, const Groups& groups, int origin, Between between,
                std::uint16_t* out) {
  if (groups.windows > 1) return horizontal_far(row, groups, origin, between, out);
  switch (groups.taps) {
    case 1:
      return horizontal_near<1>(row, groups, origin, between, out);
    case 2:
      return horizontal_near<2>(row, groups, origin, between, out);
    case 3:
      return horizontal_near<3>(row, groups, origin, between, out);
    case 4:
      return horizontal_near<4>(row, groups, origin, between, out);
    default:
      return horizontal_near<0>(row, groups, origin, between, out);
  }
}

template <int kTaps>
void vertical_of(const std::uint16_t* const* rows, const std::uint16_t* weights, int width,
                 std::uint16_t* out) {
  __m256i weight[kTaps];
  for (int k = 0; k < kTaps; ++k) weight[k] = _mm256_set1_epi16(static_cast<short>(weights[k]));
  const __m256i bias = _mm256_set1_epi16((kTaps + 1) / 2);
  for (int x = 0; x < width; x += 16) {
    __m256i sum = bias;
    for (int k = 0; k < kTaps; ++k)
      sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(load(rows[k] + x), weight[k]));
    store(out + x, sum);
  }
}

void vertical_any(const std::uint16_t* const* rows, const std::uint16_t* weights, int count, int width,
                  std::uint16_t* out) {
  const __m256i bias = _mm256_set1_epi16(static_cast<short>((count + 1) / 2));
  for (int x = 0; x < width; x += 32) {
    __m256i low = bias, high = bias;
    for (int k = 0; k < count; ++k) {
      const __m256i weight = _mm256_set1_epi16(static_cast<short>(weights[k]));
      low = _mm256_add_epi16(low, _mm256_mulhi_epu16(load(rows[k] + x), weight));
      high = _mm256_add_epi16(high, _mm256_mulhi_epu16(load(rows[k] + x + 16), weight));
    }
    store(out + x, low);
    store(out + x + 16, high);
  }
}

void vertical(const std::uint16_t* const* rows, const std::uint16_t* weights, int count, int width,
              std::uint16_t* out) {
  switch (count) {
    case 1:
      return vertical_of<1>(rows, weights, width, out);
    case 2:
      return vertical_of<2>(rows, weights, width, out);
    case 3:
      return vertical_of<3>(rows, weights, width, out);
    case 4:
      return vertical_of<4>(rows, weights, width, out);
    default:
      return vertical_any(rows, weights, count, width, out);
  }
}

}  // namespace

const ResampleKernels resample_kernels_avx2 = {horizontal, vertical};

}  // namespace slip
#endif
