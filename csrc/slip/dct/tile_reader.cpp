#include "slip/dct/tile_reader.h"

#include <algorithm>
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

// The low 0, 1 or 2 bytes of two's complement, without a branch that nobody could foresee.
std::int16_t read_extension(const std::uint8_t* p, std::uint32_t bytes) {
  const std::uint32_t unused = 16 - 8 * bytes;
  const std::uint32_t high = static_cast<std::uint32_t>(load_u16(p)) << 16 << unused;
  return static_cast<std::int16_t>(static_cast<std::int32_t>(high) >> 16 >> unused);
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

bool TileReader::compact_heads(const Tile* tiles, int count, int blocks,
                               Head (*heads)[kMaxTileBlocks]) const {
  const auto margin = static_cast<std::size_t>(heads_margin(blocks));
  std::uint8_t copy[heads_margin(kMaxTileBlocks)];
  HeadsJob jobs[2] = {};
  for (int t = 0; t < count; ++t) {
    jobs[t] = {record_.payload.data + tiles[t].offset + tiles[t].size, tiles[t].size, heads[t]};
  }
  if (static_cast<std::size_t>(jobs[0].end - record_.whole.data) < margin) {
    // Damaged heads could be read back to before the record's start.
    if (count == 2)
      return compact_heads(tiles, 1, blocks, heads) && compact_heads(tiles + 1, 1, blocks, heads + 1);
    const std::size_t kept = std::min<std::size_t>(tiles[0].size, margin);
    std::memset(copy, 0, sizeof copy);
    std::memcpy(copy + sizeof copy - kept, jobs[0].end - kept, kept);
    jobs[0].end = copy + sizeof copy;
  }
  return kernels_.compact_heads(jobs, count, class_, blocks, tables_);
}

bool TileReader::wide_heads(const Tile& where, int count, Head* heads) const {
  const std::uint8_t* tile = record_.payload.data + where.offset;
  const std::uint32_t size = where.size;
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

Status TileReader::read(const Tile* tiles, int count, int mcus) const {
  const int blocks = mcus * record_.geometry.mcu_blocks;
  Head heads[2][kMaxTileBlocks];
  for (int t = 0; t < count; ++t) {
    if (tiles[t].offset > record_.payload.size || tiles[t].size > record_.payload.size - tiles[t].offset) {
      return {Code::corrupt, "dct record: a tile lies outside its payload"};
    }
  }
  bool valid = true;
  if (record_.header.packing == Packing::compact) {
    valid = compact_heads(tiles, count, blocks, heads);
  } else {
    for (int t = 0; t < count; ++t) valid = valid && wide_heads(tiles[t], blocks, heads[t]);
  }
  if (!valid) return {Code::corrupt, "dct record: a tile's heads do not fit its size"};
  for (int t = 0; t < count; ++t) {
    kernels_.unpack(record_.payload.data + tiles[t].offset, heads[t], blocks, tables_.codebook,
                    tiles[t].target);
  }
  return {};
}

}  // namespace slip::dct
