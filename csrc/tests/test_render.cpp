// Crop, resize, orientation, flip and colour against a naive reference in double precision.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <vector>

#include "check.h"
#include "scenes.h"
#include "slip/render.h"

using namespace slip;
using namespace scenes;

namespace {

// Samples of any size, addressed without padding.
struct Grid {
  int width = 0, height = 0;
  std::vector<double> value;
  Grid(int w, int h) : width(w), height(h), value(std::size_t(w) * h) {}
  double& at(int x, int y) { return value[std::size_t(y) * width + x]; }
  double at(int x, int y) const { return value[std::size_t(y) * width + x]; }
};

// One component at the image's size: the triangle along axes of ratio 2, else repeated; nothing is rounded.
Grid upsampled(const Image& image, int c) {
  const Planes& planes = image.planes;
  const Plane& plane = planes.plane[c];
  const int across = planes.h_max / plane.h, down = planes.v_max / plane.v;
  const bool smooth = across <= 2 && down <= 2 && (across == 1 || plane.full_width > 2);
  auto sample = [&](int x, int y) {
    return double(
        image.at(c, std::clamp(x, 0, plane.full_width - 1), std::clamp(y, 0, plane.full_height - 1)));
  };
  Grid out(planes.width, planes.height);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      const int i = x / across, j = y / down;
      const int di = across == 2 ? (x % 2 ? 1 : -1) : 0, dj = down == 2 ? (y % 2 ? 1 : -1) : 0;
      const double near = 0.75 * sample(i, j) + 0.25 * sample(i + di, j);
      const double far = 0.75 * sample(i, j + dj) + 0.25 * sample(i + di, j + dj);
      out.at(x, y) = smooth ? 0.75 * near + 0.25 * far : sample(i, j);
    }
  }
  return out;
}

double clamp_level(double v) { return std::clamp(v, 0.0, 255.0); }

std::vector<Grid> stored_rgb(const Image& image) {
  const int count = image.planes.count;
  std::vector<Grid> planes;
  for (int c = 0; c < 3; ++c) planes.push_back(upsampled(image, count == 1 ? 0 : c));
  if (image.planes.model != ColorModel::ycbcr) return planes;
  for (std::size_t i = 0; i < planes[0].value.size(); ++i) {
    const double y = planes[0].value[i], cb = planes[1].value[i] - 128, cr = planes[2].value[i] - 128;
    planes[0].value[i] = y + 1.402 * cr;
    planes[1].value[i] = y - 0.344136 * cb - 0.714136 * cr;
    planes[2].value[i] = y + 1.772 * cb;
  }
  return planes;
}

// What EXIF asks for, spelled out case by case.
Grid oriented(const Grid& in, int orientation) {
  const int w = in.width, h = in.height;
  Grid out(orientation > 4 ? h : w, orientation > 4 ? w : h);
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      switch (orientation) {
        case 1:
          out.at(x, y) = in.at(x, y);
          break;
        case 2:
          out.at(x, y) = in.at(w - 1 - x, y);
          break;
        case 3:
          out.at(x, y) = in.at(w - 1 - x, h - 1 - y);
          break;
        case 4:
          out.at(x, y) = in.at(x, h - 1 - y);
          break;
        case 5:
          out.at(x, y) = in.at(y, x);
          break;
        case 6:
          out.at(x, y) = in.at(y, h - 1 - x);
          break;
        case 7:
          out.at(x, y) = in.at(w - 1 - y, h - 1 - x);
          break;
        case 8:
          out.at(x, y) = in.at(w - 1 - y, x);
          break;
      }
    }
  }
  return out;
}

struct Tap {
  int sample;
  double weight;
};

// The definition: a triangle as wide as the scale, over the samples inside the bounds, normalised.
std::vector<Tap> taps_of(double begin, double length, int low, int high, int outputs, int index) {
  const double scale = length / outputs, support = std::max(1.0, scale),
               center = begin + (index + 0.5) * scale;
  std::vector<Tap> taps;
  double sum = 0;
  for (int i = low; i < high; ++i) {
    const double weight = 1 - std::fabs(i + 0.5 - center) / support;
    if (weight > 0) taps.push_back({i, weight}), sum += weight;
  }
  for (Tap& tap : taps) tap.weight /= sum;
  return taps;
}

std::vector<double> reference(const Image& image, const View& view, int orientation) {
  std::vector<double> out;
  for (const Grid& stored : stored_rgb(image)) {
    const Grid in = oriented(stored, orientation);
    for (int y = 0; y < view.height; ++y) {
      const auto rows =
          taps_of(view.box.y, view.box.height, view.bounds.y, view.bounds.bottom(), view.height, y);
      for (int x = 0; x < view.width; ++x) {
        const int from = view.flip ? view.width - 1 - x : x;
        const auto columns =
            taps_of(view.box.x, view.box.width, view.bounds.x, view.bounds.right(), view.width, from);
        double sum = 0;
        for (const Tap& row : rows) {
          for (const Tap& column : columns)
            sum += row.weight * column.weight * in.at(column.sample, row.sample);
        }
        out.push_back(clamp_level(sum));
      }
    }
  }
  return out;
}

double worst(const std::vector<std::uint8_t>& drawn, const std::vector<double>& expected) {
  double most = drawn.size() == expected.size() ? 0 : 256;
  for (std::size_t i = 0; i < expected.size() && most < 256; ++i)
    most = std::max(most, std::fabs(drawn[i] - expected[i]));
  return most;
}

View part(double x, double y, double width, double height, Rect bounds, int out_width, int out_height) {
  View view;
  view.box = {x, y, width, height};
  view.bounds = bounds;
  view.width = out_width;
  view.height = out_height;
  return view;
}

const int kSamplings[][3][2] = {
    {{1, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 1}, {1, 1}}, {{2, 1}, {1, 1}, {1, 1}}, {{1, 2}, {1, 1}, {1, 1}},
    {{4, 1}, {1, 1}, {1, 1}}, {{4, 2}, {1, 1}, {1, 1}}, {{2, 2}, {1, 2}, {2, 1}}, {{1, 1}, {2, 2}, {1, 2}},
};

const View kViews[] = {
    part(0, 0, 61, 47, {0, 0, 61, 47}, 61, 47),  // nothing to resample
    part(5, 3, 40, 33, {5, 3, 40, 33}, 64, 50),  // larger
    part(0, 0, 61, 47, {0, 0, 61, 47}, 20, 32),  // smaller
    part(7.25, 2.5, 30.5, 40.75, {0, 0, 61, 47}, 23,
         60),  // one of each, fractional, filter sees the whole image
    part(30.5, 20.25, 3.5, 2.75, {30, 20, 5, 4}, 33, 17),  // a few samples
    part(60, 46, 1, 1, {60, 46, 1, 1}, 5, 3),              // one sample
    part(0, 0, 61, 47, {0, 0, 61, 47}, 1, 1),              // one pixel, with more taps than sixteen bits hold
};

}  // namespace

TEST(fast_stays_within_rounding_of_the_exact_sum) {
  for (const auto& sampling : kSamplings) {
    const Image image = Image::smooth(ColorModel::ycbcr, 61, 47, 3, sampling);
    for (const View& view : kViews) {
      // Rounding to levels, and to steps of 1/64 and 1/256 on the way. Where it falls back to the exact way:
      // below.
      CHECK(worst(draw(image, view, 1, Fidelity::fast), reference(image, view, 1)) <
            (view.width == 1 ? 2.6 : 1.6));
    }
  }
}

TEST(exact_stays_within_the_rounding_of_its_steps) {
  for (const auto& sampling : kSamplings) {
    const Image image = Image::smooth(ColorModel::ycbcr, 61, 47, 4, sampling);
    for (const View& view : kViews) {
      // Half a level for colour, half for chroma times 1.772, half for each pass.
      CHECK(worst(draw(image, view, 1, Fidelity::exact), reference(image, view, 1)) < 2.9);
    }
  }
}

TEST(gray_and_rgb_planes_are_resampled_as_they_are) {
  for (ColorModel model : {ColorModel::gray, ColorModel::rgb}) {
    const Image image = Image::random(model, 61, 47, 5);
    for (const View& view : kViews) {
      CHECK(worst(draw(image, view, 1, Fidelity::fast), reference(image, view, 1)) < 1.05);
      CHECK(worst(draw(image, view, 1, Fidelity::exact), reference(image, view, 1)) < 1.05);
    }
  }
}

TEST(every_orientation_and_flip_matches_exif) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const bool turned = orientation > 4;
    const Image image =
        Image::smooth(ColorModel::ycbcr, turned ? 47 : 61, turned ? 61 : 47, 6, kSamplings[1]);
    for (View view : kViews) {
      for (bool flip : {false, true}) {
        view.flip = flip;
        const auto expected = reference(image, view, orientation);
        CHECK(worst(draw(image, view, orientation, Fidelity::fast), expected) <
              (view.width == 1 ? 2.6 : 1.6));
        CHECK(worst(draw(image, view, orientation, Fidelity::exact), expected) < 2.9);
      }
    }
  }
}

TEST(rgb_planes_without_resampling_are_copied) {
  const Image image = Image::random(ColorModel::rgb, 37, 23, 1);
  for (Fidelity fidelity : {Fidelity::fast, Fidelity::exact}) {
    CHECK(draw(image, whole(37, 23, 37, 23), 1, fidelity) == image.rgb());
  }
}

TEST(fast_without_resampling_equals_exact) {
  const Image image = Image::random(ColorModel::ycbcr, 37, 23, 2, kSamplings[1]);
  const View view = part(5, 3, 20, 15, {5, 3, 20, 15}, 20, 15);
  CHECK(draw(image, view, 1, Fidelity::fast) == draw(image, view, 1, Fidelity::exact));
}

TEST(stored_region_is_all_that_is_read) {
  for (const auto& sampling : kSamplings) {
    const Image image = Image::random(ColorModel::ycbcr, 61, 47, 7, sampling);
    for (const View& view : kViews) {
      for (Fidelity fidelity : {Fidelity::fast, Fidelity::exact}) {
        Info info;
        info.width = 61;
        info.height = 47;
        const Image cut = image.cut(stored_region(view, info));
        CHECK(draw(cut, view, 1, fidelity) == draw(image, view, 1, fidelity));
      }
    }
  }
}

TEST(views_that_make_no_sense_are_refused) {
  const Image image = Image::random(ColorModel::ycbcr, 61, 47, 8, kSamplings[1]);
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinity = std::numeric_limits<double>::infinity();
  const View bad[] = {
      part(0, 0, 61, 47, {0, 0, 61, 47}, 0, 10),      part(0, 0, 61, 47, {0, 0, 61, 47}, 10, -1),
      part(0, 0, 62, 47, {0, 0, 61, 47}, 10, 10),     part(-1, 0, 20, 20, {0, 0, 61, 47}, 10, 10),
      part(0, 0, 0, 47, {0, 0, 61, 47}, 10, 10),      part(0, 0, 20, -5, {0, 0, 61, 47}, 10, 10),
      part(nan, 0, 20, 20, {0, 0, 61, 47}, 10, 10),   part(0, 0, infinity, 20, {0, 0, 61, 47}, 10, 10),
      part(0, 0, 20, 20, {0, 0, 62, 47}, 10, 10),     part(0, 0, 20, 20, {-1, 0, 61, 47}, 10, 10),
      part(0, 0, 20, 20, {0, 0, 0, 0}, 10, 10),       part(0, 0, 20, 20, {2147483647, 0, 5, 5}, 10, 10),
      part(10, 10, 20, 20, {12, 12, 18, 18}, 10, 10),
  };
  Info info;
  info.width = 61;
  info.height = 47;
  std::vector<std::uint8_t> out(3 * 61 * 47);
  Arena arena;
  for (const View& view : bad) {
    const Rect region = stored_region(view, info);
    CHECK(region.x >= 0 && region.y >= 0 && region.right() <= 61 && region.bottom() <= 47);
    CHECK(!render(image.planes, view, info, Fidelity::fast, levels(), arena, out.data()).ok());
  }
}

TEST(planes_that_lack_the_region_are_refused) {
  const Image image = Image::random(ColorModel::ycbcr, 61, 47, 9, kSamplings[1]);
  const Image cut = image.cut({0, 0, 20, 20});
  Info info;
  info.width = 61;
  info.height = 47;
  std::vector<std::uint8_t> out(3 * 16 * 16);
  Arena arena;
  const View view = part(10, 10, 20, 20, {10, 10, 20, 20}, 16, 16);
  for (Fidelity fidelity : {Fidelity::fast, Fidelity::exact}) {
    CHECK(!render(cut.planes, view, info, fidelity, levels(), arena, out.data()).ok());
  }
}

TEST(sampling_factors_that_do_not_divide_are_unsupported) {
  const int sampling[3][2] = {{3, 1}, {2, 1}, {1, 1}};
  const Image image = Image::random(ColorModel::ycbcr, 30, 20, 10, sampling);
  Info info;
  info.width = 30;
  info.height = 20;
  std::vector<std::uint8_t> out(3 * 10 * 10);
  Arena arena;
  const Status status =
      render(image.planes, whole(30, 20, 10, 10), info, Fidelity::fast, levels(), arena, out.data());
  CHECK(status.code == Code::unsupported);
}
