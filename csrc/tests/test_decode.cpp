#include <cstring>
#include <string>

#include "check.h"
#include "jpegs.h"
#include "slip/decode.h"

namespace {

using slip::Code;
using slip::Rect;

// Every sample that `region` needs, of every component, is that of libjpeg.
bool same_samples(const slip::Planes& planes, const std::vector<jpegs::OraclePlane>& expected,
                  const Rect& region) {
  if (planes.count != static_cast<int>(expected.size())) return false;
  for (int c = 0; c < planes.count; ++c) {
    const slip::Plane& plane = planes.plane[c];
    if (plane.full_width != expected[c].width || plane.full_height != expected[c].height) return false;
    const int x0 = region.x * plane.h / planes.h_max, y0 = region.y * plane.v / planes.v_max;
    const int x1 = (region.right() * plane.h + planes.h_max - 1) / planes.h_max;
    const int y1 = (region.bottom() * plane.v + planes.v_max - 1) / planes.v_max;
    const Rect& have = plane.region;
    if (have.x > x0 || have.y > y0 || have.right() < x1 || have.bottom() < y1) return false;
    if (have.x < 0 || have.y < 0 || have.right() > plane.full_width || have.bottom() > plane.full_height)
      return false;
    for (int y = have.y; y < have.bottom(); ++y) {
      for (int x = have.x; x < have.right(); ++x) {
        if (plane.data[(y - have.y) * plane.stride + x - have.x] != expected[c].at(x, y)) return false;
      }
    }
  }
  return true;
}

Rect random_region(std::mt19937& random, int width, int height) {
  const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  Rect region;
  region.width = draw(1, width);
  region.height = draw(1, height);
  region.x = draw(0, width - region.width);
  region.y = draw(0, height - region.height);
  return region;
}

std::string describe(const jpegs::Recipe& recipe, const Rect& region) {
  std::string text = std::to_string(recipe.width) + "x" + std::to_string(recipe.height) + " sampling";
  for (int c = 0; c < 3; ++c) text += " " + std::to_string(recipe.h[c]) + "x" + std::to_string(recipe.v[c]);
  text += " restart " + std::to_string(recipe.restart) + (recipe.progressive ? " progressive" : "");
  return text + " region " + std::to_string(region.x) + "," + std::to_string(region.y) + " " +
         std::to_string(region.width) + "x" + std::to_string(region.height);
}

void check_regions(const jpegs::Recipe& recipe, std::mt19937& random, int regions) {
  const std::vector<std::uint8_t> jpeg = jpegs::make(recipe, random());
  const auto expected = jpegs::oracle(jpeg);
  slip::Arena arena;
  for (int i = 0; i < regions; ++i) {
    const Rect region =
        i == 0 ? Rect{0, 0, recipe.width, recipe.height} : random_region(random, recipe.width, recipe.height);
    arena.reset();
    slip::Planes planes;
    const slip::Status status = slip::decode_planes(jpegs::bytes(jpeg), region, arena, planes);
    if (!status.ok())
      check::fail(__FILE__, __LINE__, describe(recipe, region) + ": " + status.reason);
    else if (!same_samples(planes, expected, region))
      check::fail(__FILE__, __LINE__, describe(recipe, region));
  }
}

const int kSamplings[][6] = {{2, 2, 1, 1, 1, 1}, {2, 1, 1, 1, 1, 1}, {1, 2, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1},
                             {4, 1, 1, 1, 1, 1}, {1, 4, 1, 1, 1, 1}, {2, 2, 2, 1, 1, 2}, {1, 1, 2, 2, 2, 2},
                             {3, 1, 1, 1, 1, 1}, {4, 2, 1, 1, 1, 1}, {2, 1, 2, 1, 2, 1}, {3, 2, 1, 1, 1, 1}};

}  // namespace

TEST(every_sampling_size_and_process_equals_libjpeg) {
  std::mt19937 random(7);
  for (const auto& sampling : kSamplings) {
    for (int i = 0; i < 60; ++i) {
      jpegs::Recipe recipe;
      for (int c = 0; c < 3; ++c) {
        recipe.h[c] = sampling[2 * c];
        recipe.v[c] = sampling[2 * c + 1];
      }
      recipe.width = std::uniform_int_distribution<int>(1, i < 40 ? 40 : 200)(random);
      recipe.height = std::uniform_int_distribution<int>(1, i < 40 ? 40 : 120)(random);
      recipe.quality = std::uniform_int_distribution<int>(1, 100)(random);
      recipe.progressive = i % 4 == 1;
      recipe.optimise = i % 4 == 2;
      recipe.restart = i % 3 == 0 ? static_cast<int>(random() % 9) - 2 : 0;
      recipe.stored = i % 10 == 9 ? JCS_RGB : JCS_YCbCr;
      recipe.markers = i % 7 != 0;
      check_regions(recipe, random, 6);
    }
  }
}

TEST(gray_of_any_declared_sampling_is_one_full_plane) {
  std::mt19937 random(8);
  for (int i = 0; i < 40; ++i) {
    jpegs::Recipe recipe;
    recipe.pixels = recipe.stored = JCS_GRAYSCALE;
    recipe.h[0] = 1 + i % 4;
    recipe.v[0] = 1 + i / 4 % 4;
    recipe.width = 1 + static_cast<int>(random() % 70);
    recipe.height = 1 + static_cast<int>(random() % 70);
    recipe.progressive = i % 5 == 1;
    recipe.restart = i % 3;
    check_regions(recipe, random, 6);
  }
}
