#include "slip/dct/coefficients.h"

namespace slip::dct {

Geometry Coefficients::geometry(int tile_mcus) const {
  int h[3], v[3];
  for (int k = 0; k < components; ++k) {
    h[k] = component[k].h;
    v[k] = component[k].v;
  }
  return make_geometry(width, height, components, h, v, tile_mcus);
}

}  // namespace slip::dct
