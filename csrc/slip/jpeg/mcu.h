// Decoding a run of MCUs: the inner loop of the baseline decoder.
#pragma once

#include <cstdint>

#include "slip/jpeg/entropy.h"
#include "slip/jpeg/huffman.h"

namespace slip::jpeg {

constexpr int kMaxBlocksInMcu = 10;

struct McuBlock {
  const HuffmanTable* dc = nullptr;
  const HuffmanTable* ac = nullptr;
  int component = 0;
  int offset = 0;  // of the first MCU's block in the output, in blocks
  int step = 0;    // from one MCU's block to the next one's
};

struct McuLayout {
  int count = 0;
  McuBlock block[kMaxBlocksInMcu];
};

// The bits loaded and not yet used, from the highest down, and the last DC of each component.
struct ReaderState {
  std::uint64_t bits = 0;
  int count = 0;
  const std::uint8_t* next = nullptr;
  std::uint32_t prediction[3] = {};
};

// Decodes `count` MCUs. Where `coefficients` is null they are only passed over; else block b of MCU m goes to
// coefficients + 64 * (offset + m * step), natural order, and its extent (see idct.h) to the same place in
// `extents`. False where the data is not valid.
bool decode_mcus(EntropyBytes& bytes, ReaderState& state, const McuLayout& layout, int count,
                 std::int16_t* coefficients, std::uint8_t* extents);

}  // namespace slip::jpeg
