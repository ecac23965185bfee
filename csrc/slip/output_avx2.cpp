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

// 24 values at a time: a multiple of the vector's length and of the three channels.
constexpr int kPeriod = 24;

inline __m256i load8(const std::uint8_t* levels) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(levels)));
}

struct Float32 {
  using Value = std::uint32_t;
  alignas(32) double scale[kPeriod], offset[kPeriod];
  void operator()(const std::uint8_t* levels, int at, Value* out) const {
    const __m256i v = load8(levels);
    const __m256d low = _mm256_fmadd_pd(_mm256_cvtepi32_pd(_mm256_castsi256_si128(v)),
                                        _mm256_load_pd(scale + at), _mm256_load_pd(offset + at));
    const __m256d high = _mm256_fmadd_pd(_mm256_cvtepi32_pd(_mm256_extracti128_si256(v, 1)),
                                         _mm256_load_pd(scale + at + 4), _mm256_load_pd(offset + at + 4));
    _mm256_storeu_ps(reinterpret_cast<float*>(out),
                     _mm256_set_m128(_mm256_cvtpd_ps(high), _mm256_cvtpd_ps(low)));
  }
};

struct Sixteen {
  using Value = std::uint16_t;
  alignas(32) float scale[kPeriod], offset[kPeriod];
  __m256 value(const std::uint8_t* levels, int at) const {
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(load8(levels)), _mm256_load_ps(scale + at),
                           _mm256_load_ps(offset + at));
  }
};

struct Float16 : Sixteen {
  void operator()(const std::uint8_t* levels, int at, Value* out) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm256_cvtps_ph(value(levels, at), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }
};

struct Bfloat16 : Sixteen {
  void operator()(const std::uint8_t* levels, int at, Value* out) const {
    const __m256i bits = _mm256_castps_si256(value(levels, at));
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded =
        _mm256_srli_epi32(_mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff))), 16);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out),
                     _mm_packus_epi32(_mm256_castsi256_si128(rounded), _mm256_extracti128_si256(rounded, 1)));
  }
};

template <class Convert>
void map_affine(const std::uint8_t* levels, int count, const ValueMap& values, int first, int step,
                void* to) {
  using Value = typename Convert::Value;
  auto* out = static_cast<Value*>(to);
  Convert convert;
  for (int i = 0; i < kPeriod; ++i) {
    const int channel = (first + i * step) % 3;
    convert.scale[i] = static_cast<decltype(+convert.scale[i])>(values.scale[channel]);
    convert.offset[i] = static_cast<decltype(+convert.offset[i])>(values.offset[channel]);
  }
  int i = 0;
  for (; i + kPeriod <= count; i += kPeriod) {
    for (int at = 0; at < kPeriod; at += 8) convert(levels + i + at, at, out + i + at);
  }
  for (int c = 0; i < count; ++i, ++c) {
    out[i] = static_cast<Value>(values.table[(first + c * step) % 3][levels[i]]);
  }
}

void map(const std::uint8_t* levels, int count, const ValueMap& values, int first, int step, void* out) {
  if (!values.affine) return output_kernels_portable.map(levels, count, values, first, step, out);
  switch (values.type) {
    case ValueMap::Type::float32:
      return map_affine<Float32>(levels, count, values, first, step, out);
    case ValueMap::Type::float16:
      return map_affine<Float16>(levels, count, values, first, step, out);
    case ValueMap::Type::bfloat16:
      return map_affine<Bfloat16>(levels, count, values, first, step, out);
  }
}

}  // namespace

const OutputKernels output_kernels_avx2 = {interleave, map};

}  // namespace slip
#endif
