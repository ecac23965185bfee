// All that precedes the entropy-coded data of a JPEG whose only scan is a baseline one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "slip/image.h"
#include "slip/jpeg/markers.h"

namespace slip::jpeg {

// A Huffman table as its segment defines it: 16 counts, then the symbols. Null where the file defines none.
struct HuffmanDefinition {
  const std::uint8_t* data = nullptr;
  std::size_t symbols = 0;
};

struct Scan {
  Frame frame;
  ColorModel model = ColorModel::ycbcr;
  alignas(16) std::uint16_t quant[4][64];  // natural order
  bool has_quant[4] = {};
  HuffmanDefinition dc[4], ac[4];
  int dc_table[3] = {}, ac_table[3] = {};  // of each component
  int restart_interval = 0;                // MCUs; 0: none
  std::size_t position = 0;                // of the entropy-coded data in the file
};

// False where the file is anything but 8-bit sequential Huffman, of 1 or 3 components in one scan, with
// nothing odd about it: then libjpeg decides what it is.
bool read_scan(Bytes file, Scan& scan);

}  // namespace slip::jpeg
