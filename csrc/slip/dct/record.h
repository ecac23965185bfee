// A dct record taken apart: every length and offset of its header is checked here, once.
#pragma once

#include <cstdint>
#include <vector>

#include "slip/dct/bytes_io.h"
#include "slip/dct/format.h"
#include "slip/dct/geometry.h"
#include "slip/image.h"
#include "slip/status.h"

namespace slip::dct {

struct ComponentHeader {
  std::uint8_t id = 0;
  std::uint8_t h = 1, v = 1;  // as in the JPEG's frame header
  std::uint8_t quant = 0;     // index of its quantisation table
};

struct Header {
  Packing packing = Packing::compact;
  std::uint8_t orientation = 1;
  int width = 0, height = 0;
  std::uint64_t tables = 0;  // id of the entropy tables
  int components = 0;
  ColorModel model = ColorModel::ycbcr;
  std::uint8_t adobe = kNoAdobe;  // transform byte of the source's Adobe segment
  int tile_mcus = 0;
  int index_bits = 16;  // size of an index entry
  int quant_tables = 0;
  ComponentHeader component[3];
};

struct Record {
  Header header;
  Geometry geometry;
  const std::uint8_t* quant = nullptr;  // quant_tables * 64 values in zigzag order
  const std::uint8_t* index = nullptr;  // the byte length of each tile, index_bits each
  Bytes segments;                       // marker segments as they stood in the JPEG
  Bytes payload;                        // the tiles, followed by kTail readable bytes
  Bytes whole;

  std::uint32_t tile_size(int tile) const {
    const std::uint64_t bit =
        static_cast<std::uint64_t>(tile) * static_cast<std::uint64_t>(header.index_bits);
    const std::uint64_t word = load_u64(index + (bit >> 3)) >> (bit & 7);
    return static_cast<std::uint32_t>(word & ((std::uint64_t{1} << header.index_bits) - 1));
  }
};

// Memory safe for any bytes. Tile sizes are known to lie within the payload only
// where the decoder has compared them with it.
Status parse_record(Bytes bytes, Record& record);

// Bytes of the tiles [first, last).
std::uint64_t tile_bytes(const Record& record, int first, int last);

// The whole record from its parts. `lengths` are the tiles' sizes.
std::vector<std::uint8_t> build_record(Header header, const std::uint8_t* quant,
                                       const std::vector<std::uint8_t>& segments,
                                       const std::vector<std::uint32_t>& lengths,
                                       const std::vector<std::uint8_t>& payload);

// CRC-32C of the record without its checksum field.
std::uint32_t record_crc(Bytes bytes);
Status check_crc(const Record& record);

}  // namespace slip::dct
