#include <cstring>
#include <random>

#include "check.h"
#include "jpegs.h"
#include "slip/decode.h"
#include "slip/record.h"

namespace {

using slip::Code;
using slip::Encoding;

std::vector<std::uint8_t> make_record(const std::vector<std::uint8_t>& image,
                                      Encoding encoding = Encoding::yuv420) {
  slip::Arena arena;
  std::vector<std::uint8_t> record;
  const slip::Status status = slip::make_yuv_record(jpegs::bytes(image), encoding, arena, record);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.reason);
  return record;
}

slip::Planes read(const std::vector<std::uint8_t>& record) {
  slip::Planes planes;
  const slip::Status status = slip::read_plane_record(jpegs::bytes(record), planes);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.reason);
  return planes;
}

int at(const slip::Plane& plane, int x, int y) { return plane.data[y * plane.stride + x]; }

}  // namespace

TEST(planes_of_420_sources_are_kept) {
  jpegs::Recipe recipe;
  recipe.width = 37;
  recipe.height = 51;
  const auto jpeg = jpegs::make(recipe);
  const auto expected = jpegs::oracle(jpeg);
  const auto record = make_record(jpeg);
  CHECK_EQ(record.size(), 16u + 37 * 51 + 2 * 19 * 26 + 64);
  const slip::Planes planes = read(record);
  for (int c = 0; c < 3; ++c) {
    CHECK_EQ(planes.plane[c].full_width, expected[c].width);
    CHECK_EQ(planes.plane[c].full_height, expected[c].height);
    bool same = true;
    for (int y = 0; y < expected[c].height; ++y) {
      for (int x = 0; x < expected[c].width; ++x) same &= at(planes.plane[c], x, y) == expected[c].at(x, y);
    }
    CHECK(same);
  }
}

TEST(chroma_of_444_is_averaged_over_what_the_image_holds) {
  jpegs::Recipe recipe;
  recipe.width = 21;
  recipe.height = 13;
  recipe.h[0] = recipe.v[0] = 1;
  const auto jpeg = jpegs::make(recipe);
  const auto expected = jpegs::oracle(jpeg);
  const auto record = make_record(jpeg);
  const slip::Planes planes = read(record);
  for (int c = 1; c < 3; ++c) {
    bool same = true;
    for (int y = 0; y < 7; ++y) {
      for (int x = 0; x < 11; ++x) {
        int sum = 0, count = 0;
        for (int j = 2 * y; j < std::min(2 * y + 2, 13); ++j) {
          for (int i = 2 * x; i < std::min(2 * x + 2, 21); ++i, ++count) sum += expected[c].at(i, j);
        }
        same &= at(planes.plane[c], x, y) == (2 * sum + count) / (2 * count);
      }
    }
    CHECK(same);
  }
}

TEST(every_sampling_makes_a_record_of_the_promised_size) {
  std::mt19937 random(3);
  const int samplings[][6] = {{2, 1, 1, 1, 1, 1}, {1, 2, 1, 1, 1, 1}, {4, 1, 1, 1, 1, 1}, {3, 1, 1, 1, 3, 1},
                              {1, 1, 2, 2, 2, 2}, {4, 2, 1, 1, 1, 1}, {3, 2, 1, 1, 1, 2}, {4, 1, 2, 1, 1, 1}};
  for (const auto& sampling : samplings) {
    jpegs::Recipe recipe;
    recipe.noise = 0;
    recipe.width = 1 + static_cast<int>(random() % 50);
    recipe.height = 1 + static_cast<int>(random() % 50);
    for (int c = 0; c < 3; ++c) {
      recipe.h[c] = sampling[2 * c];
      recipe.v[c] = sampling[2 * c + 1];
    }
    const auto jpeg = jpegs::make(recipe);
    for (Encoding encoding : {Encoding::yuv420, Encoding::yuv444}) {
      const slip::Planes planes = read(make_record(jpeg, encoding));
      CHECK_EQ(planes.plane[0].full_width, recipe.width);
      CHECK_EQ(planes.plane[2].full_height,
               encoding == Encoding::yuv444 ? recipe.height : (recipe.height + 1) / 2);
    }
  }
}

TEST(rgb_sources_become_ycbcr_by_the_law_of_libjpeg) {
  jpegs::Recipe recipe;
  recipe.width = recipe.height = 40;
  recipe.stored = JCS_RGB;
  recipe.quality = 100;
  for (int c = 0; c < 3; ++c) recipe.h[c] = recipe.v[c] = 1;
  const auto jpeg = jpegs::make(recipe);
  const auto rgb = jpegs::oracle(jpeg);
  const auto record = make_record(jpeg, Encoding::yuv444);
  const slip::Planes planes = read(record);
  double worst = 0;
  for (int y = 0; y < 40; ++y) {
    for (int x = 0; x < 40; ++x) {
      const double r = rgb[0].at(x, y), g = rgb[1].at(x, y), b = rgb[2].at(x, y);
      const double luma = 0.299 * r + 0.587 * g + 0.114 * b;
      worst = std::max({worst, std::abs(luma - at(planes.plane[0], x, y)),
                        std::abs(128 + (b - luma) / 1.772 - at(planes.plane[1], x, y)),
                        std::abs(128 + (r - luma) / 1.402 - at(planes.plane[2], x, y))});
    }
  }
  CHECK(worst < 0.51);
}

TEST(gray_stays_one_plane) {
  jpegs::Recipe recipe;
  recipe.pixels = recipe.stored = JCS_GRAYSCALE;
  const slip::Planes planes = read(make_record(jpegs::make(recipe)));
  CHECK_EQ(planes.count, 1);
  CHECK(planes.model == slip::ColorModel::gray);
}

TEST(rgb_record_holds_the_pixels) {
  const std::uint8_t pixels[2][8] = {{1, 2, 3, 4, 5, 6, 0, 0}, {7, 8, 9, 10, 11, 12, 0, 0}};
  const auto record = slip::make_rgb_record(pixels[0], 8, 2, 2, 6);
  CHECK_EQ(record.size(), 16u + 12 + 64);
  slip::Info info;
  CHECK(slip::read_info(jpegs::bytes(record), info).ok());
  CHECK_EQ(int{info.orientation}, 6);
  CHECK(info.encoding == Encoding::rgb);
  const slip::Planes planes = read(record);
  for (int y = 0; y < 2; ++y) {
    for (int x = 0; x < 2; ++x) {
      for (int c = 0; c < 3; ++c) CHECK_EQ(at(planes.plane[c], x, y), int{pixels[y][3 * x + c]});
    }
  }
}

TEST(every_shortened_record_is_truncated) {
  const auto record = make_record(jpegs::make(jpegs::Recipe{}));
  for (std::size_t size = 4; size < record.size(); ++size) {
    const std::vector<std::uint8_t> part(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
    slip::Planes planes;
    CHECK(slip::read_plane_record(jpegs::bytes(part), planes).code == Code::truncated);
  }
}

TEST(lying_headers_are_refused) {
  const auto record = make_record(jpegs::make(jpegs::Recipe{}));
  std::mt19937 random(5);
  slip::Planes planes;
  for (int i = 0; i < 20000; ++i) {
    auto changed = record;
    changed[4 + random() % 12] = static_cast<std::uint8_t>(random());
    if (random() % 2 == 0) changed[8 + random() % 8] = 0xFF;
    if (!slip::read_plane_record(jpegs::bytes(changed), planes).ok()) continue;
    for (int c = 0; c < planes.count; ++c) {
      const slip::Plane& plane = planes.plane[c];
      const std::uint8_t* end = plane.data + plane.stride * plane.full_height + slip::kSlack;
      CHECK(plane.data > changed.data() && end <= changed.data() + changed.size());
    }
  }
}
