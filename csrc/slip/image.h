// The words that decoders, the renderer and the batch runner share: bytes, rectangles, planes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip {

struct Bytes {
  const std::uint8_t* data = nullptr;
  std::size_t size = 0;
};

// Whole samples: [x, x + width) by [y, y + height).
struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
  int right() const { return x + width; }
  int bottom() const { return y + height; }
};

// Continuous coordinates, in which sample i covers [i, i + 1), as in Pillow's `box`.
struct Box {
  double x = 0, y = 0, width = 0, height = 0;
};

enum class Encoding : std::uint8_t { jpeg = 0, dct = 1, yuv420 = 2, yuv444 = 3, rgb = 4, foreign = 5 };

enum class ColorModel : std::uint8_t { gray, ycbcr, rgb };

// Readers of a plane may read, never use, up to kSlack bytes past the end of the last row of a region.
// Whoever makes a plane guarantees that these bytes can be read.
constexpr int kSlack = 64;

// One component, cut to the region that was asked for. `data` points at sample (region.x, region.y) of the
// full component, whose true size (without padding to whole blocks) is full_width x full_height.
struct Plane {
  const std::uint8_t* data = nullptr;
  std::ptrdiff_t stride = 0;
  Rect region;
  int full_width = 0, full_height = 0;
  int h = 1, v = 1;  // sampling factors, as in the JPEG's frame header
  // Each sample of data and region stands for 2^shift by 2^shift samples of the component, their mean.
  int shift = 0;
};

// A decoded region of an image as it is stored (before EXIF orientation).
struct Planes {
  ColorModel model = ColorModel::ycbcr;
  int count = 0;              // 1 for gray, else 3
  int width = 0, height = 0;  // of the whole stored image
  int h_max = 1, v_max = 1;
  Plane plane[3];
};

// What a header says, before anything is decoded.
struct Info {
  Encoding encoding = Encoding::jpeg;
  std::uint8_t orientation = 1;  // EXIF, 1-8, still to be applied
  int width = 0, height = 0;     // as stored
};

}  // namespace slip
