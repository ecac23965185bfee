// Crops stay inside their image and keep to scale and ratio; the laws themselves are tested from Python by
// KS.
#include <cmath>

#include "check.h"
#include "slip/crops.h"

namespace {

bool inside(const slip::Rect& crop, int width, int height) {
  return crop.x >= 0 && crop.y >= 0 && crop.width >= 1 && crop.height >= 1 && crop.right() <= width &&
         crop.bottom() <= height;
}

}  // namespace

TEST(crops_lie_inside_images_of_every_shape) {
  for (bool direct : {false, true})
    for (int width : {1, 2, 3, 50, 500, 65535})
      for (int height : {1, 2, 7, 333, 65535})
        for (std::uint64_t i = 0; i < 200; ++i) {
          slip::CropLaw law;
          law.direct = direct;
          CHECK(inside(slip::draw_crop(law, {5, i, 0}, width, height), width, height));
        }
}

TEST(an_image_that_no_try_fits_is_cut_at_its_centre) {
  const slip::CropLaw whole{{1.0, 1.0}, {3.0 / 4, 4.0 / 3}, false};
  const slip::Rect wide = slip::draw_crop(whole, {1, 2, 3}, 1000, 100);  // 133 x 100
  CHECK_EQ(wide.width, 133);
  CHECK_EQ(wide.height, 100);
  CHECK_EQ(wide.x, (1000 - 133) / 2);
  CHECK_EQ(wide.y, 0);
  const slip::Rect tall = slip::draw_crop(whole, {1, 2, 3}, 100, 1000);  // ratio 3/4: 100 x 133
  CHECK_EQ(tall.width, 100);
  CHECK_EQ(tall.height, 133);
  CHECK_EQ(tall.y, (1000 - 133) / 2);
}

TEST(the_direct_law_keeps_scale_and_ratio_where_they_fit) {
  const slip::CropLaw law{{0.2, 0.5}, {0.5, 2.0}, true};
  for (std::uint64_t i = 0; i < 5000; ++i) {
    const slip::Rect crop = slip::draw_crop(law, {9, i, 1}, 2000, 2000);
    const double area = crop.width * static_cast<double>(crop.height) / (2000.0 * 2000.0);
    const double ratio = static_cast<double>(crop.width) / crop.height;
    CHECK(area > 0.199 && area < 0.501);
    CHECK(ratio > 0.499 && ratio < 2.01);
  }
}

TEST(a_crop_depends_on_its_own_sample_only) {
  const slip::CropLaw law;
  const slip::Rect one = slip::draw_crop(law, {1, 10, 2}, 640, 480);
  slip::draw_crop(law, {1, 11, 2}, 640, 480);
  const slip::Rect again = slip::draw_crop(law, {1, 10, 2}, 640, 480);
  CHECK(one.x == again.x && one.y == again.y && one.width == again.width && one.height == again.height);
}
