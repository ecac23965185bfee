// How an image is cut into components, MCUs, blocks and tiles.
#pragma once

#include "slip/dct/format.h"
#include "slip/image.h"

namespace slip::dct {

struct ComponentGeometry {
  int h = 1, v = 1;  // sampling factors as the geometry uses them: 1 and 1 where there is one component
  int width = 0, height = 0;       // samples, without padding
  int blocks_x = 0, blocks_y = 0;  // blocks that hold samples of the image
};

struct Geometry {
  int components = 0;
  int h_max = 1, v_max = 1;
  int mcus_x = 0, mcus_y = 0;
  int mcu_blocks = 0;  // blocks of one MCU
  int tile_mcus = 0;   // width of a tile; the last one of a row may be narrower
  int tiles_x = 0;     // tiles in a row; a tile is one MCU high
  ComponentGeometry component[3];

  int tile_count() const { return tiles_x * mcus_y; }
  // MCUs of tile `column` of a row.
  int mcus_of(int column) const {
    const int left = mcus_x - column * tile_mcus;
    return left < tile_mcus ? left : tile_mcus;
  }
};

// h[k], v[k]: sampling factors of a layout that is_known_sampling accepts.
Geometry make_geometry(int width, int height, int components, const int h[3], const int v[3], int tile_mcus);

// Gray with any factors; three components of 4:4:4, 4:2:2, 4:4:0, 4:2:0 or 4:1:1.
bool is_known_sampling(int components, const int h[3], const int v[3]);

// Where the blocks of a tile lie, in their stored order: MCU by MCU, component by component, row by row.
struct TileBlock {
  std::uint8_t component;
  std::uint8_t x, y;  // in blocks, from the tile's first block of the component
};

struct TileLayout {
  int count = 0;
  TileBlock block[kMaxTileBlocks];
};

TileLayout make_tile_layout(const Geometry& geometry);

}  // namespace slip::dct
