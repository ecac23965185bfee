#include "slip/resample_kernels.h"

#if SLIP_X86
#include "slip/avx2_loads.h"

namespace slip {
namespace {

// One window for each tap.
void horizontal_near(const std::uint8_t* const* rows, int planes, const Groups& table, int origin,
                     Q8* const* out) {
  const Groups groups = table;  // whose pointers no store can change
  const int steps = groups.steps;
  const std::int16_t* weight = groups.weight;
  for (int b = 0; b < groups.blocks; ++b, weight += 16 * steps) {
    const int low = groups.base[2 * b] - origin, high = groups.base[2 * b + 1] - origin;
    const __m256i shuffle = load(groups.shuffle + 32 * b), bias = load(groups.bias + 16 * b);
    for (int p = 0; p < planes; ++p) {
      const std::uint8_t *from_low = rows[p] + low, *from_high = rows[p] + high;
      __m256i sum = bias;
      for (int k = 0; k < steps; ++k) {
        const __m256i levels = _mm256_shuffle_epi8(load_halves(from_low + k, from_high + k), shuffle);
        sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(levels, load(weight + 16 * k)));
      }
      store(out[p] + 16 * b, sum);
    }
  }
}

// All taps in one window: what moves on is the shuffle, whose entries of 0x80 and above stay zeros.
template <int kSteps>
void horizontal_compact(const std::uint8_t* const* rows, int planes, const Groups& table, int origin,
                        Q8* const* out) {
  const Groups groups = table;  // whose pointers no store can change
  const std::int16_t* weight = groups.weight;
  const __m256i one = _mm256_set1_epi8(1);
  for (int b = 0; b < groups.blocks; ++b, weight += 16 * kSteps) {
    const int low = groups.base[2 * b] - origin, high = groups.base[2 * b + 1] - origin;
    const __m256i bias = load(groups.bias + 16 * b);
    __m256i shuffle[kSteps];
    shuffle[0] = load(groups.shuffle + 32 * b);
    for (int k = 1; k < kSteps; ++k) shuffle[k] = _mm256_add_epi8(shuffle[k - 1], one);
    for (int p = 0; p < planes; ++p) {
      const __m256i bytes = load_halves(rows[p] + low, rows[p] + high);
      __m256i sum = bias;
      for (int k = 0; k < kSteps; ++k) {
        const __m256i levels = _mm256_shuffle_epi8(bytes, shuffle[k]);
        sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(levels, load(weight + 16 * k)));
      }
      store(out[p] + 16 * b, sum);
    }
  }
}

void horizontal_far(const std::uint8_t* row, const Groups& groups, int origin, Q8* out) {
  for (int b = 0; b < groups.blocks; ++b) {
    const std::uint8_t* low = row + (groups.base[2 * b] - origin);
    const std::uint8_t* high = row + (groups.base[2 * b + 1] - origin);
    const std::uint8_t* shuffle = groups.shuffle + 32 * b * groups.windows;
    const std::int16_t* weight = groups.weight + 16 * b * groups.steps;
    __m256i sum = load(groups.bias + 16 * b);
    for (int k = 0; k < groups.steps; ++k) {
      __m256i levels = _mm256_setzero_si256();
      for (int w = 0; w < groups.windows; ++w) {
        const __m256i bytes = load_halves(low + k + 16 * w, high + k + 16 * w);
        levels = _mm256_or_si256(levels, _mm256_shuffle_epi8(bytes, load(shuffle + 32 * w)));
      }
      sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(levels, load(weight + 16 * k)));
    }
    store(out + 16 * b, sum);
  }
}

void horizontal(const std::uint8_t* const* rows, int planes, const Taps&, const Groups& groups, int origin,
                Q8* const* out) {
  if (groups.windows > 1) {
    for (int p = 0; p < planes; ++p) horizontal_far(rows[p], groups, origin, out[p]);
    return;
  }
  switch (groups.compact ? groups.steps : 0) {
    case 1:
      return horizontal_compact<1>(rows, planes, groups, origin, out);
    case 2:
      return horizontal_compact<2>(rows, planes, groups, origin, out);
    case 3:
      return horizontal_compact<3>(rows, planes, groups, origin, out);
    case 4:
      return horizontal_compact<4>(rows, planes, groups, origin, out);
    default:
      return horizontal_near(rows, planes, groups, origin, out);
  }
}

template <int kTaps>
void vertical_of(const Q8* const* rows, const int* weights, int width, Q8* out) {
  __m256i weight[kTaps];
  const Q8* row[kTaps];
  for (int k = 0; k < kTaps; ++k) {
    weight[k] = _mm256_set1_epi16(static_cast<short>(weights[k]));
    row[k] = rows[k];
  }
  const __m256i bias = _mm256_set1_epi16((kTaps + 1) / 2);
  for (int x = 0; x < width; x += 16) {
    __m256i sum = bias;
    for (int k = 0; k < kTaps; ++k)
      sum = _mm256_add_epi16(sum, _mm256_mulhi_epu16(load(row[k] + x), weight[k]));
    store(out + x, sum);
  }
}

void vertical_any(const Q8* const* rows, const int* weights, int count, int width, Q8* out) {
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

void vertical(const Q8* const* rows, const int* weights, int count, int width, Q8* out) {
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

const PassKernels<Q8> q8_kernels_avx2 = {horizontal, vertical};

}  // namespace slip
#endif
