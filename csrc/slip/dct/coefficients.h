// The quantised coefficients of a JPEG and all that is needed to write the same ones again.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "slip/dct/geometry.h"
#include "slip/dct/record.h"
#include "slip/image.h"
#include "slip/status.h"

namespace slip::dct {

struct Coefficients {
  int width = 0, height = 0;
  ColorModel model = ColorModel::ycbcr;
  std::uint8_t orientation = 1;
  std::uint8_t adobe = kNoAdobe;
  int components = 0;
  ComponentHeader component[3];
  int quant_tables = 0;
  std::array<std::array<std::uint8_t, 64>, kMaxQuantTables> quant{};  // zigzag order
  std::vector<std::uint8_t> segments;  // kept marker segments, FF and all, in the order of the file
  // Blocks of component k, row by row: blocks_x * blocks_y of the geometry, 64 values each in natural order.
  std::vector<std::int16_t> blocks[3];

  Geometry geometry(int tile_mcus) const;
};

struct KeepMarkers {
  bool icc = true;
  bool exif = false;
};

// Reads baseline and progressive JPEGs. Code::unsupported with a reason where a dct record cannot hold the
// image.
Status read_jpeg(Bytes jpeg, const KeepMarkers& keep, Coefficients& out);

// A baseline JPEG with optimised Huffman codes. Code::corrupt for coefficients that read_jpeg never gives.
Status write_jpeg(const Coefficients& in, std::vector<std::uint8_t>& out);

}  // namespace slip::dct
