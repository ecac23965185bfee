#include "slip/dct/geometry.h"

namespace slip::dct {
namespace {

int ceil_div(int a, int b) { return (a + b - 1) / b; }

}  // namespace

bool is_known_sampling(int components, const int h[3], const int v[3]) {
  if (components == 1) return h[0] >= 1 && h[0] <= 4 && v[0] >= 1 && v[0] <= 4;
  if (components != 3) return false;
  for (int k = 1; k < 3; ++k) {
    if (h[k] != 1 || v[k] != 1) return false;
  }
  const bool up_to_two = h[0] >= 1 && h[0] <= 2 && v[0] >= 1 && v[0] <= 2;
  return up_to_two || (h[0] == 4 && v[0] == 1);
}

Geometry make_geometry(int width, int height, int components, const int h[3], const int v[3], int tile_mcus) {
  Geometry g;
  g.components = components;
  for (int k = 0; k < components; ++k) {
    g.component[k].h = components == 1 ? 1 : h[k];
    g.component[k].v = components == 1 ? 1 : v[k];
    g.mcu_blocks += g.component[k].h * g.component[k].v;
  }
  g.h_max = g.component[0].h;
  g.v_max = g.component[0].v;
  g.mcus_x = ceil_div(width, 8 * g.h_max);
  g.mcus_y = ceil_div(height, 8 * g.v_max);
  g.tile_mcus = tile_mcus;
  g.tiles_x = ceil_div(g.mcus_x, tile_mcus);
  for (int k = 0; k < components; ++k) {
    ComponentGeometry& c = g.component[k];
    c.width = ceil_div(width * c.h, g.h_max);
    c.height = ceil_div(height * c.v, g.v_max);
    c.blocks_x = ceil_div(c.width, 8);
    c.blocks_y = ceil_div(c.height, 8);
  }
  return g;
}

TileLayout make_tile_layout(const Geometry& geometry) {
  TileLayout layout;
  for (int mcu = 0; mcu < geometry.tile_mcus; ++mcu) {
    for (int k = 0; k < geometry.components; ++k) {
      const ComponentGeometry& c = geometry.component[k];
      for (int y = 0; y < c.v; ++y) {
        for (int x = 0; x < c.h; ++x) {
          TileBlock& block = layout.block[layout.count++];
          block.component = static_cast<std::uint8_t>(k);
          block.x = static_cast<std::uint8_t>(mcu * c.h + x);
          block.y = static_cast<std::uint8_t>(y);
        }
      }
    }
  }
  return layout;
}

}  // namespace slip::dct
