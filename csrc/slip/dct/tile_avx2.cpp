// Coefficients of a block with one pdep per group and byte shuffles from zigzag to natural order. Values
// travel as bytes offset by 128, so that neither the bit fields' bias nor zero groups need a step of their
// own.
#include <immintrin.h>

#include "slip/dct/heads_inl.h"
#include "slip/dct/tile_kernels.h"

namespace slip::dct {
namespace {

constexpr std::uint64_t kOffset = 0x80 * kOnes;

// By width: where the bits of eight fields go, and what brings a biased field to its value plus 128. Groups
// of more than eight bits give their low bytes here.
constexpr std::uint64_t kFields[16] = {
    0,           1 * kOnes,   3 * kOnes,   7 * kOnes,   15 * kOnes,  31 * kOnes, 63 * kOnes, 127 * kOnes,
    255 * kOnes, 255 * kOnes, 255 * kOnes, 255 * kOnes, 255 * kOnes, 0,          0,          0};
constexpr std::uint64_t kRebias[16] = {
    128 * kOnes, 127 * kOnes, 126 * kOnes, 124 * kOnes, 120 * kOnes, 112 * kOnes, 96 * kOnes, 64 * kOnes,
    0,           0,           0,           0,           0,           0,           0,          0};

constexpr std::uint8_t kZigzagAt[64] = {0,  1,  5,  6,  14, 15, 27, 28, 2,  4,  7,  13, 16, 26, 29, 42,
                                        3,  8,  12, 17, 25, 30, 41, 43, 9,  11, 18, 24, 31, 40, 44, 53,
                                        10, 19, 23, 32, 39, 45, 52, 54, 20, 22, 33, 38, 46, 51, 55, 60,
                                        21, 34, 37, 47, 50, 56, 59, 61, 35, 36, 48, 49, 57, 58, 62, 63};

// from[half][quarter]: for 32 natural positions, the byte within a quarter of the zigzag, or 0x80 where
// another quarter holds it.
struct Shuffles {
  alignas(32) std::uint8_t from[2][4][32];
};

constexpr Shuffles make_shuffles() {
  Shuffles s{};
  for (int half = 0; half < 2; ++half) {
    for (int quarter = 0; quarter < 4; ++quarter) {
      for (int i = 0; i < 32; ++i) {
        const int z = kZigzagAt[32 * half + i];
        s.from[half][quarter][i] = static_cast<std::uint8_t>(z / 16 == quarter ? z % 16 : 0x80);
      }
    }
  }
  return s;
}

constexpr Shuffles kShuffles = make_shuffles();

struct NaturalOrder {
  std::uint8_t at[64];
};

constexpr NaturalOrder make_natural_order() {
  NaturalOrder order{};
  for (int i = 0; i < 64; ++i) order.at[kZigzagAt[i]] = static_cast<std::uint8_t>(i);
  return order;
}

constexpr NaturalOrder kNatural = make_natural_order();

// The values of a block in zigzag order, as bytes offset by 128.
struct Vectors {
  alignas(32) std::uint64_t group[8];
};

inline void expand_groups(const std::uint8_t* p, const Head& head, Vectors& vectors) {
  const auto* widths = reinterpret_cast<const std::uint8_t*>(&head.widths);
  for (int g = 0; g < 8; ++g) {
    const std::size_t width = widths[g];
    vectors.group[g] = _pdep_u64(load_word(p), kFields[width]) + kRebias[width];
    p += width;
  }
}

void expand_tile(const std::uint8_t* tile, const Head* heads, int count, Vectors* vectors) {
  for (int i = 0; i < count; ++i) {
    expand_groups(tile + heads[i].offset, heads[i], vectors[i]);
  }
}

// Replaces codebook indices by their vectors, eight blocks at a time so that few loops end unforeseen.
void look_up_vectors(const std::uint8_t* tile, const Head* heads, int count, const std::uint64_t* codebook,
                     Vectors* vectors) {
  for (int first = 0; first < count; first += 8) {
    std::uint64_t left = 0;
    for (int i = first; i < count && i < first + 8; ++i) {
      left |= static_cast<std::uint64_t>(heads[i].codebook) << (8 * (i - first));
    }
    for (; left != 0; left &= left - 1) {
      const int bit = __builtin_ctzll(left), g = bit & 7, i = first + (bit >> 3);
      const std::uint64_t offset = heads[i].widths * kOnes << 8 >> (8 * g) & 255;
      vectors[i].group[g] = codebook[kCodebookSize * g + tile[heads[i].offset + offset]] ^ kOffset;
    }
  }
}

inline void write_natural(const Vectors& vectors, std::int16_t* out) {
  const __m256i offset = _mm256_set1_epi8(-128);
  __m256i quarter[4];
  for (int q = 0; q < 4; ++q) {
    const __m128i bytes = _mm_load_si128(reinterpret_cast<const __m128i*>(vectors.group + 2 * q));
    quarter[q] = _mm256_xor_si256(_mm256_broadcastsi128_si256(bytes), offset);
  }
  for (int half = 0; half < 2; ++half) {
    __m256i natural = _mm256_setzero_si256();
    for (int q = 0; q < 4; ++q) {
      const __m256i order = _mm256_load_si256(reinterpret_cast<const __m256i*>(kShuffles.from[half][q]));
      natural = _mm256_or_si256(natural, _mm256_shuffle_epi8(quarter[q], order));
    }
    auto* to = reinterpret_cast<__m256i*>(out + 32 * half);
    _mm256_store_si256(to, _mm256_cvtepi8_epi16(_mm256_castsi256_si128(natural)));
    _mm256_store_si256(to + 1, _mm256_cvtepi8_epi16(_mm256_extracti128_si256(natural, 1)));
  }
}

// Replaces the sign extension of low bytes by the high parts that follow them.
[[gnu::noinline]] void add_high_parts(const std::uint8_t* p, std::uint64_t widths, std::int16_t* out) {
  for (int g = 0; g < 8; ++g, widths >>= 8) {
    const int width = static_cast<int>(widths & 15);
    if (width > 8) {
      const std::uint64_t fields = _pdep_u64(load_word(p + 8), kFields[width - 8]);
      const int bias = 1 << (width - 9);
      for (int i = 0; i < 8; ++i) {
        const int high = static_cast<int>(fields >> (8 * i) & 255) - bias;
        out[kNatural.at[8 * g + i]] = static_cast<std::int16_t>(high * 256 + (p[i] ^ 0x80));
      }
    }
    p += width;
  }
}

void unpack(const std::uint8_t* tile, const Head* heads, int count, const std::uint64_t* codebook,
            const TileTarget& target) {
  Vectors vectors[kMaxTileBlocks];
  expand_tile(tile, heads, count, vectors);
  if (codebook != nullptr) look_up_vectors(tile, heads, count, codebook, vectors);
  std::int16_t dc[3] = {0, 0, 0};
  for (int i = 0; i < count; ++i) {
    const Head& head = heads[i];
    std::int16_t& before = dc[target.component[i]];
    const std::int32_t position = target.block[i];
    if (position < 0) {
      before = next_dc(before, slot_of(tile + head.offset, head.widths), head);
      continue;
    }
    std::int16_t* out = target.coefficients + 64 * static_cast<std::ptrdiff_t>(position);
    write_natural(vectors[i], out);
    if (__builtin_expect(has_big_group(head.widths), 0)) add_high_parts(tile + head.offset, head.widths, out);
    out[0] = before = next_dc(before, out[0], head);
    if (target.extents != nullptr) target.extents[position] = extent_of(head.widths);
  }
}

}  // namespace

const TileKernels kAvx2TileKernels = {read_compact_jobs, unpack};

}  // namespace slip::dct
