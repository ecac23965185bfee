#include "slip/dct/payload_writer.h"

#include "slip/dct/bytes_io.h"

namespace slip::dct {
namespace {

// Eight values at `width` bits (1-8) each, biased to be non-negative. Writes eight bytes, of which `width`
// count.
void pack_values(std::uint8_t* out, const int* values, int width) {
  std::uint64_t packed = 0;
  for (int i = 0; i < 8; ++i) {
    packed |= static_cast<std::uint64_t>(values[i] + (1 << (width - 1))) << (width * i);
  }
  store_le(out, packed);
}

int bytes_of_extension(int extension) {
  if (extension == 0) return 0;
  return extension >= -128 && extension < 128 ? 1 : 2;
}

}  // namespace

void GroupBytes::add(const Block& block, int g) {
  const int width = block.width[g];
  if (width == 0) return;
  int values[8];
  for (int i = 0; i < 8; ++i) values[i] = block.z[8 * g + i];
  int packed_width = width;
  if (width > 8) {
    for (int& value : values) {
      add_byte((value & 255) ^ 0x80);
      value >>= 8;
    }
    packed_width -= 8;
  }
  pack_values(bytes_ + size_, values, packed_width);
  size_ += static_cast<std::size_t>(packed_width);
}

void GroupBytes::flush_to(std::vector<std::uint8_t>& out) {
  out.insert(out.end(), bytes_, bytes_ + size_);
  size_ = 0;
}

void BackwardBits::put(std::uint32_t bits, int length) {
  held_ = held_ << length | bits;
  count_ += length;
  for (; count_ >= 8; count_ -= 8) bytes_.push_back(static_cast<std::uint8_t>(held_ >> (count_ - 8)));
}

void BackwardBits::flush_to(std::vector<std::uint8_t>& out) {
  if (count_ > 0) put(0, 8 - count_);
  out.insert(out.end(), bytes_.rbegin(), bytes_.rend());
  bytes_.clear();
  held_ = 0;
}

WidthCodes width_codes(const Block& block, const EncodeTables& tables) {
  WidthCodes codes;
  for (int g = 0; g < 8; ++g) {
    int code = block.width[g];
    codes.index[g] = -1;
    if (g > 0 && code > 1 && code <= kMaxCodebookWidth)
      codes.index[g] = tables.codebook(g, pack_vector(block, g));
    if (codes.index[g] >= 0) code = kCodebookCode;
    std::uint16_t& half = g < 4 ? codes.low : codes.high;
    half = static_cast<std::uint16_t>(half | code << (4 * (g & 3)));
  }
  return codes;
}

void CompactTileWriter::put(const BitString& word, bool known, std::uint16_t raw) {
  heads_.put(word);
  if (!known) heads_.put(raw, 16);
}

void CompactTileWriter::add(const Block& block, int cls) {
  const WidthCodes codes = width_codes(block, tables_);
  BitString word;
  bool known = tables_.low(cls, codes.low, word);
  put(word, known, codes.low);
  known = tables_.high(codes.high_context(cls), codes.high, word);
  put(word, known, codes.high);
  known = tables_.extension(cls * 13 + block.width[0], block.extension, word);
  put(word, known, static_cast<std::uint16_t>(block.extension));
  for (int g = 0; g < 8; ++g) {
    if (codes.index[g] >= 0) {
      groups_.add_byte(codes.index[g]);
    } else {
      groups_.add(block, g);
    }
  }
}

void CompactTileWriter::finish(std::vector<std::uint8_t>& payload) {
  groups_.flush_to(payload);
  heads_.flush_to(payload);
}

// A block that is not in the dictionary may take the widths of one that has room for it.
void WideTileWriter::add(Block block) {
  std::uint32_t widths = pack_widths(block.width);
  int index = tables_.dictionary(widths);
  if (index == 0) index = tables_.covering_entry(widths);
  if (index != 0) {
    widths = tables_.dictionary_entry(index);
    widen_block(block, widths);
  }
  const int bytes = bytes_of_extension(block.extension);
  heads_.push_back(static_cast<std::uint16_t>(index | bytes << 12));
  if (index == 0) append_le(escapes_, widths);
  for (int i = 0; i < bytes; ++i) groups_.add_byte(block.extension >> (8 * i) & 255);
  for (int g = 0; g < 8; ++g) groups_.add(block, g);
}

void WideTileWriter::finish(std::vector<std::uint8_t>& payload) {
  std::uint32_t held = 0;
  int count = 0;
  for (const std::uint16_t head : heads_) {
    held |= static_cast<std::uint32_t>(head) << count;
    for (count += kWideHeadBits; count >= 8; count -= 8, held >>= 8)
      payload.push_back(static_cast<std::uint8_t>(held));
  }
  if (count > 0) payload.push_back(static_cast<std::uint8_t>(held));
  heads_.clear();
  payload.insert(payload.end(), escapes_.begin(), escapes_.end());
  escapes_.clear();
  groups_.flush_to(payload);
}

}  // namespace slip::dct
