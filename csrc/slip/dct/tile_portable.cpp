#include <cstring>

#include "slip/dct/heads_inl.h"
#include "slip/idct.h"
#include "slip/simd.h"

namespace slip::dct {
namespace {

// Eight values at `width` bits, as they were biased.
void unpack_bits(std::uint64_t packed, int width, std::int16_t* values) {
  const std::uint64_t mask = (std::uint64_t{1} << width) - 1;
  const int bias = 1 << (width - 1);
  for (int i = 0; i < 8; ++i)
    values[i] = static_cast<std::int16_t>(static_cast<int>(packed >> (width * i) & mask) - bias);
}

void unpack_group(const std::uint8_t* p, int width, std::int16_t* values) {
  if (width <= 8) {
    unpack_bits(load_word(p), width, values);
    return;
  }
  std::int16_t high[8];
  unpack_bits(load_word(p + 8), width - 8, high);
  for (int i = 0; i < 8; ++i) values[i] = static_cast<std::int16_t>(high[i] * 256 + (p[i] ^ 0x80));
}

void look_up_vector(std::uint64_t vector, std::int16_t* values) {
  for (int i = 0; i < 8; ++i)
    values[i] = static_cast<std::int8_t>(static_cast<std::uint8_t>(vector >> (8 * i)));
}

void unpack_block(const std::uint8_t* p, const Head& head, const std::uint64_t* codebook, std::int16_t* out) {
  std::memset(out, 0, 64 * sizeof(std::int16_t));
  for (int g = 0; g < 8; ++g) {
    const int width = static_cast<int>(head.widths >> (8 * g) & 15);
    if (width == 0) continue;
    std::int16_t values[8];
    if ((head.codebook >> g & 1) != 0) {
      look_up_vector(codebook[g * kCodebookSize + *p], values);
    } else {
      unpack_group(p, width, values);
    }
    for (int i = 0; i < 8; ++i) out[kNaturalOfZigzag[8 * g + i]] = values[i];
    p += width;
  }
}

void unpack(const std::uint8_t* tile, const Head* heads, int count, const std::uint64_t* codebook,
            const TileTarget& target) {
  std::int16_t dc[3] = {0, 0, 0};
  for (int i = 0; i < count; ++i) {
    const Head& head = heads[i];
    std::int16_t& before = dc[target.component[i]];
    const std::int32_t position = target.block[i];
    if (position < 0) {
      before = next_dc(before, slot_of(tile + head.offset, head.widths), head);
      continue;
    }
    std::int16_t* out = target.coefficients + std::ptrdiff_t{64} * position;
    unpack_block(tile + head.offset, head, codebook, out);
    out[0] = before = next_dc(before, out[0], head);
    if (target.extents != nullptr) target.extents[position] = extent_of(head.widths);
  }
}

}  // namespace

const TileKernels kPortableTileKernels = {read_compact_jobs, unpack};

const TileKernels& tile_kernels() {
#ifdef SLIP_X86
  if (simd_level() == Simd::avx2) return kAvx2TileKernels;
#endif
  return kPortableTileKernels;
}

}  // namespace slip::dct
