// Crop, resize, orientation and flip against a naive reference in double precision.
#include "slip/render.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "check.h"
#include "scenes.h"

using namespace slip;
using namespace scenes;

namespace {

int worst_difference(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  int worst = a.size() == b.size() ? 0 : 256;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

}  // namespace

TEST(identity_view_of_rgb_planes_is_a_copy) {
  const Image image = Image::random(ColorModel::rgb, 37, 23, 1);
  const View view = whole(37, 23, 37, 23);
  for (Fidelity fidelity : {Fidelity::fast, Fidelity::exact}) {
    CHECK_EQ(worst_difference(draw(image, view, 1, fidelity), image.rgb()), 0);
  }
}
