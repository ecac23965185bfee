#include "slip/output_kernels.h"

#if SLIP_X86
#include <immintrin.h>

namespace slip {
namespace {

// Where the bytes of sixteen R, G and B go in the three vectors of sixteen pixels.
struct InterleaveShuffles {
  alignas(16) std::int8_t at[3][3][16];  // [vector][channel]
};

constexpr InterleaveShuffles make_interleave_shuffles() {
  InterleaveShuffles shuffles{};
  for (int v = 0; v < 3; ++v) {
    for (int c = 0; c < 3; ++c) {
      for (int i = 0; i < 16; ++i) {
        const int byte = 16 * v + i;
        shuffles.at[v][c][i] = static_cast<std::int8_t>(byte % 3 == c ? byte / 3 : -1);
      }
    }
  }
  return shuffles;
}

constexpr InterleaveShuffles kInterleave = make_interleave_shuffles();

void interleave(const std::uint8_t* const* rows, int count, std::uint8_t* out) {
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i in[3];
    for (int c = 0; c < 3; ++c) in[c] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(rows[c] + i));
    for (int v = 0; v < 3; ++v) {
      __m128i mixed = _mm_setzero_si128();
      for (int c = 0; c < 3; ++c) {
        const __m128i shuffle = _mm_load_si128(reinterpret_cast<const __m128i*>(kInterleave.at[v][c]));
        mixed = _mm_or_si128(mixed, _mm_shuffle_epi8(in[c], shuffle));
      }
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out + 3 * i + 16 * v), mixed);
    }
  }
  for (; i < count; ++i) {
    for (int c = 0; c < 3; ++c) out[3 * i + c] = rows[c][i];
  }
}

inline __m256i load8(const std::uint8_t* levels) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(levels)));
}

// Each turns eight levels into values, with the numbers from `at` on.
struct Float32 {
  using Value = std::uint32_t;
  static __m128 four(__m128i levels, const ValueMap& values, int at) {
    return _mm256_cvtpd_ps(_mm256_fmadd_pd(_mm256_cvtepi32_pd(levels), _mm256_loadu_pd(values.scale + at),
                                           _mm256_loadu_pd(values.offset + at)));
  }
  static void convert(const std::uint8_t* levels, const ValueMap& values, int at, Value* out) {
    const __m256i v = load8(levels);
    _mm_storeu_ps(reinterpret_cast<float*>(out), four(_mm256_castsi256_si128(v), values, at));
    _mm_storeu_ps(reinterpret_cast<float*>(out + 4), four(_mm256_extracti128_si256(v, 1), values, at + 4));
  }
};

inline __m256 eight_floats(const std::uint8_t* levels, const ValueMap& values, int at) {
  return _mm256_fmadd_ps(_mm256_cvtepi32_ps(load8(levels)), _mm256_loadu_ps(values.scale_float + at),
                         _mm256_loadu_ps(values.offset_float + at));
}

struct Float16 {
  using Value = std::uint16_t;
  static void convert(const std::uint8_t* levels, const ValueMap& values, int at, Value* out) {
    const __m256 v = eight_floats(levels, values, at);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
};

struct Bfloat16 {
  using Value = std::uint16_t;
  static void convert(const std::uint8_t* levels, const ValueMap& values, int at, Value* out) {
    const __m256i bits = _mm256_castps_si256(eight_floats(levels, values, at));
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
    const __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1)));
  }
};

template <class Type>
void map_affine(const std::uint8_t* levels, int count, const ValueMap& values, void* to) {
  using Value = typename Type::Value;
  auto* out = static_cast<Value*>(to);
  int i = 0;
  for (; i + ValueMap::kPeriod <= count; i += ValueMap::kPeriod) {
    for (int at = 0; at < ValueMap::kPeriod; at += 8)
      Type::convert(levels + i + at, values, at, out + i + at);
  }
  for (int at = 0; i + 8 <= count; i += 8, at += 8) Type::convert(levels + i, values, at, out + i);
  for (; i < count; ++i) out[i] = static_cast<Value>(values.table[i % 3][levels[i]]);
}

void map(const std::uint8_t* levels, int count, const ValueMap& values, void* out) {
  if (!values.affine) return output_kernels_portable.map(levels, count, values, out);
  switch (values.type) {
    case ValueMap::Type::float32:
      return map_affine<Float32>(levels, count, values, out);
    case ValueMap::Type::float16:
      return map_affine<Float16>(levels, count, values, out);
    case ValueMap::Type::bfloat16:
      return map_affine<Bfloat16>(levels, count, values, out);
  }
}

}  // namespace

const OutputKernels output_kernels_avx2 = {interleave, map};

}  // namespace slip
#endif
