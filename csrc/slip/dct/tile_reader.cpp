#include "slip/dct/tile_reader.h"

#include <cstring>

#include "slip/dct/block.h"
#include "slip/dct/bytes_io.h"

namespace slip::dct {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101u;

std::uint64_t spread_widths(std::uint32_t widths) {
  std::uint64_t x = widths;
  x = (x | x << 16) & 0x0000ffff0000ffffu;
  x = (x | x << 8) & 0x00ff00ff00ff00ffu;
  return (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
}

bool are_possible(std::uint32_t widths) {
  for (int g = 0; g < 8; ++g) {
    if ((widths >> (4 * g) & 15) > kMaxWidth) return false;
  }
  return true;
}

std::int16_t read_extension(const std::uint8_t* p, std::uint32_t bytes) {
  if (bytes == 0) return 0;
  return bytes == 1 ? static_cast<std::int8_t>(p[0]) : static_cast<std::int16_t>(load_u16(p));
}

// Bits 0-11 the dictionary index, 12-13 the bytes of the extension. Reads four bytes, which the record's tail
// allows.
std::uint32_t wide_head(const std::uint8_t* tile, int i) {
  const int bit = i * kWideHeadBits;
  return load_u32(tile + (bit >> 3)) >> (bit & 7) & ((1u << kWideHeadBits) - 1);
}

}  // namespace

TileReader::TileReader(const Record& record, const Tables& tables)
    : record_(record),
      tables_(tables.decode()),
      kernels_(tile_kernels()),
      layout_(make_tile_layout(record.geometry)) {
  for (int i = 0; i < layout_.count; ++i) {
    component_[i] = layout_.block[i].component;
    class_[i] = static_cast<std::uint8_t>(class_of(record.header.model, component_[i]));
  }
}

bool TileReader::compact_heads(const std::uint8_t* tile, std::uint32_t size, int count, Head* heads) const {
  const std::uint8_t* end = tile + size;
  const auto margin = static_cast<std::size_t>(heads_margin(count));
  std::uint8_t copy[heads_margin(kMaxTileBlocks)];
  if (static_cast<std::size_t>(end - record_.whole.data) < margin) {
    // Damaged heads could be read back to before the record's start.
    const std::size_t kept = size < margin ? size : margin;
    std::memset(copy, 0, sizeof copy);
    std::memcpy(copy + sizeof copy - kept, end - kept, kept);
    end = copy + sizeof copy;
  }
  std::uint32_t payload = 0;
  const std::uint32_t used = kernels_.compact_heads(end, class_, count, tables_, heads, &payload);
  return used != kBadHeads && used + payload == size;
}

bool TileReader::wide_heads(const std::uint8_t* tile, std::uint32_t size, int count, Head* heads) const {
  std::uint32_t escape = static_cast<std::uint32_t>((count * kWideHeadBits + 7) / 8);
  if (size < escape) return false;
  for (int i = 0; i < count; ++i) {
    const std::uint32_t index = wide_head(tile, i) & (kDictionarySize - 1);
    std::uint32_t widths = tables_.dictionary[index];
    if (index == 0) {
      if (size - escape < 4) return false;
      widths = load_u32(tile + escape);
      if (!are_possible(widths)) return false;
      escape += 4;
    }
    heads[i].widths = spread_widths(widths);
  }
  std::uint32_t offset = escape;
  for (int i = 0; i < count; ++i) {
    const std::uint32_t bytes = wide_head(tile, i) >> 12;
    if (bytes > 2 || size - offset < bytes) return false;
    heads[i].extension = read_extension(tile + offset, bytes);
    heads[i].codebook = 0;
    heads[i].offset = offset + bytes;
    offset = heads[i].offset + static_cast<std::uint32_t>(heads[i].widths * kOnes >> 56);
    if (offset > size) return false;
  }
  return offset == size;
}

Status TileReader::read(std::uint64_t offset, std::uint32_t size, int mcus, const TileTarget& target) const {
  if (offset > record_.payload.size || size > record_.payload.size - offset) {
    return Status(Code::corrupt, "dct record: a tile lies outside its payload");
  }
  const std::uint8_t* tile = record_.payload.data + offset;
  const int count = mcus * record_.geometry.mcu_blocks;
  Head heads[kMaxTileBlocks];
  const bool valid = record_.header.packing == Packing::compact ? compact_heads(tile, size, count, heads)
                                                                : wide_heads(tile, size, count, heads);
  if (!valid) return Status(Code::corrupt, "dct record: a tile's heads do not fit its size");
  kernels_.unpack(tile, heads, count, tables_.codebook, target);
  return {};
}

}  // namespace slip::dct
