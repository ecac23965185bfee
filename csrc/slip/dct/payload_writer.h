// The parts that make up a tile's bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "slip/dct/block.h"
#include "slip/dct/encode_tables.h"

namespace slip::dct {

// The groups of one tile.
class GroupBytes {
 public:
  // The bytes of group g: `width` of them, or none where the width is 0.
  void add(const Block& block, int g);
  void add_byte(int value) { bytes_[size_++] = static_cast<std::uint8_t>(value); }
  // Appends what was added and starts anew.
  void flush_to(std::vector<std::uint8_t>& out);

 private:
  std::uint8_t bytes_[kMaxTileBlocks * (8 * kMaxWidth + 2) + 8];  // with room for a word at the end
  std::size_t size_ = 0;
};

// Bits from the most significant down, kept so that they can be laid out backwards from the end of a tile.
class BackwardBits {
 public:
  void put(BitString word) { put(word.bits, word.length); }
  void put(std::uint32_t bits, int length);
  // Appends what was put, last byte first, and starts anew.
  void flush_to(std::vector<std::uint8_t>& out);

 private:
  std::vector<std::uint8_t> bytes_;
  std::uint64_t held_ = 0;
  int count_ = 0;
};

// The width codes of a block for packing compact: widths, or kCodebookCode where `index` holds a codebook
// index.
struct WidthCodes {
  std::uint16_t low = 0, high = 0;
  int index[8];  // -1 where the group is stored as it is
  int high_context(int cls) const { return cls * 14 + (low >> 12); }
};
WidthCodes width_codes(const Block& block, const EncodeTables& tables);

// A tile of packing compact: groups forward from its start, heads backward from its end.
class CompactTileWriter {
 public:
  explicit CompactTileWriter(const EncodeTables& tables) : tables_(tables) {}
  void add(const Block& block, int cls);
  void finish(std::vector<std::uint8_t>& payload);

 private:
  // A code word, and after an escape the symbol itself.
  void put(const BitString& word, bool known, std::uint16_t raw);
  const EncodeTables& tables_;
  GroupBytes groups_;
  BackwardBits heads_;
};

// A tile of packing wide: 14-bit heads, widths of the blocks that are not in the dictionary, then the groups.
class WideTileWriter {
 public:
  explicit WideTileWriter(const EncodeTables& tables) : tables_(tables) {}
  void add(Block block);
  void finish(std::vector<std::uint8_t>& payload);

 private:
  const EncodeTables& tables_;
  std::vector<std::uint16_t> heads_;
  std::vector<std::uint8_t> escapes_;
  GroupBytes groups_;
};

}  // namespace slip::dct
