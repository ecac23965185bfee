// Every SIMD level gives the same bytes.
#include <cstdlib>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "scenes.h"
#include "slip/simd.h"

using namespace slip;
using namespace scenes;

namespace {

bool runs(Simd level) {
  const Simd before = simd_level();
  try {
    force_simd_level(level);
  } catch (const std::runtime_error&) {
    return false;
  }
  force_simd_level(before);
  return true;
}

struct Case {
  Image image;
  View view;
  int orientation;
  Fidelity fidelity;
  DType dtype;
  Layout layout;
};

std::vector<std::uint8_t> draw_at(Simd level, const Case& c) {
  const Simd before = simd_level();
  force_simd_level(level);
  const double mean[3] = {0.485, 0.456, 0.406}, std[3] = {0.229, 0.224, 0.225};
  auto out =
      draw(c.image, c.view, c.orientation, c.fidelity, Output::make(c.dtype, c.layout, true, mean, std));
  force_simd_level(before);
  return out;
}

const int kSamplings[][3][2] = {
    {{1, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 1}, {1, 1}}, {{2, 1}, {1, 1}, {1, 1}},
    {{1, 2}, {1, 1}, {1, 1}}, {{4, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 2}, {2, 1}},
};

Case random_case(std::mt19937& random) {
  auto below = [&](int n) { return static_cast<int>(random() % n); };
  const int width = 1 + below(below(4) == 0 ? 700 : 90), height = 1 + below(below(4) == 0 ? 400 : 90);
  Case c{Image::random(static_cast<ColorModel>(below(3)), width, height, random(), kSamplings[below(6)]),
         View{},
         1 + below(8),
         below(2) ? Fidelity::exact : Fidelity::fast,
         static_cast<DType>(below(4)),
         static_cast<Layout>(below(2))};
  const int w = c.orientation > 4 ? height : width, h = c.orientation > 4 ? width : height;
  const Rect crop{below(w), below(h), 1, 1};
  c.view.bounds = {crop.x, crop.y, 1 + below(w - crop.x), 1 + below(h - crop.y)};
  const Rect& b = c.view.bounds;
  c.view.box = {double(b.x), double(b.y), double(b.width), double(b.height)};
  if (below(2)) c.view.box = {b.x + 0.2 * b.width, b.y + 0.1 * b.height, 0.7 * b.width, 0.85 * b.height};
  c.view.width = below(4) == 0 ? b.width : 1 + below(130);
  c.view.height = below(4) == 0 ? b.height : 1 + below(130);
  c.view.flip = below(2);
  return c;
}

}  // namespace

TEST(all_levels_give_the_same_bytes) {
  if (!runs(Simd::avx2)) return;
  std::mt19937 random(7);
  for (int i = 0; i < 600; ++i) {
    const Case c = random_case(random);
    CHECK(draw_at(Simd::portable, c) == draw_at(Simd::avx2, c));
  }
}

TEST(levels_have_names) {
  CHECK_EQ(std::string(simd_name(Simd::portable)), "portable");
  CHECK_EQ(std::string(simd_name(Simd::avx2)), "avx2");
}

TEST(the_portable_level_runs_everywhere) { CHECK(runs(Simd::portable)); }
