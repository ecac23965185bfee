#include <algorithm>
#include <string>

#include "check.h"
#include "jpegs.h"
#include "segments.h"
#include "slip/decode.h"
#include "slip/jpeg/baseline.h"
#include "slip/jpeg/markers.h"
#include "slip/simd.h"

namespace {

using slip::Code;
using slip::Rect;
using File = std::vector<std::uint8_t>;
using segments::find_segment;
using segments::ordinary;

slip::Status info_of(const File& file, slip::Info& info) { return slip::read_info(jpegs::bytes(file), info); }

Code code_of(const File& file) {
  slip::Info info;
  return info_of(file, info).code;
}

// Inserts a segment right after the start of image.
File with_segment(const File& jpeg, std::uint8_t marker, const File& payload) {
  File file{0xFF,
            0xD8,
            0xFF,
            marker,
            static_cast<std::uint8_t>((payload.size() + 2) >> 8),
            static_cast<std::uint8_t>(payload.size() + 2)};
  file.insert(file.end(), payload.begin(), payload.end());
  file.insert(file.end(), jpeg.begin() + 2, jpeg.end());
  return file;
}

File exif(bool little, int orientation, int entries_before) {
  File tiff;
  const auto put = [&](std::uint32_t value, int size) {
    for (int i = 0; i < size; ++i) {
      tiff.push_back(static_cast<std::uint8_t>(value >> (8 * (little ? i : size - 1 - i))));
    }
  };
  for (char c : std::string("Exif")) tiff.push_back(static_cast<std::uint8_t>(c));
  tiff.insert(tiff.end(), {0, 0});
  tiff.insert(tiff.end(), 2, static_cast<std::uint8_t>(little ? 'I' : 'M'));
  put(42, 2);
  put(8, 4);
  put(static_cast<std::uint32_t>(entries_before + 1), 2);
  for (int i = 0; i <= entries_before; ++i) {
    put(i == entries_before ? 0x0112 : 0x0100, 2);
    put(3, 2);
    put(1, 4);
    put(static_cast<std::uint32_t>(orientation), 2);
    put(0, 2);
  }
  put(0, 4);
  return tiff;
}

}  // namespace

TEST(size_comes_from_the_frame_header) {
  slip::Info info;
  CHECK(info_of(ordinary(123, 45), info).ok());
  CHECK_EQ(info.width, 123);
  CHECK_EQ(info.height, 45);
  CHECK_EQ(int{info.orientation}, 1);
  CHECK(info.encoding == slip::Encoding::jpeg);
}

TEST(exif_orientation_in_both_byte_orders) {
  for (bool little : {true, false}) {
    for (int orientation = 0; orientation <= 9; ++orientation) {
      for (int before : {0, 3}) {
        slip::Info info;
        CHECK(info_of(with_segment(ordinary(), 0xE1, exif(little, orientation, before)), info).ok());
        CHECK_EQ(int{info.orientation}, orientation >= 1 && orientation <= 8 ? orientation : 1);
      }
    }
  }
}

TEST(damaged_exif_means_orientation_1_or_a_valid_one) {
  std::mt19937 random(3);
  const File segment = exif(true, 6, 2);
  for (std::size_t size = 0; size < segment.size(); ++size) {
    const File part(segment.begin(), segment.begin() + static_cast<std::ptrdiff_t>(size));
    const int orientation = slip::jpeg::exif_orientation(jpegs::bytes(part));
    CHECK(orientation == 1 || orientation == 6);
  }
  for (int i = 0; i < 20000; ++i) {
    File changed = segment;
    for (int j = 0; j < 3; ++j)
      changed[6 + random() % (changed.size() - 6)] = static_cast<std::uint8_t>(random());
    const int orientation = slip::jpeg::exif_orientation(jpegs::bytes(changed));
    CHECK(orientation >= 1 && orientation <= 8);
  }
}

TEST(what_is_no_jpeg_is_told_apart) {
  const auto file = [](const char* text, std::size_t size) { return File(text, text + size); };
  slip::Info info;
  CHECK(code_of({}) == Code::empty);
  CHECK(code_of(File(100, 0)) == Code::not_an_image);
  const slip::Status text = info_of(file("hello, world", 12), info);
  CHECK(text.code == Code::not_an_image);
  CHECK_EQ(text.reason, "text (\"hello, world\")");
  for (const File& foreign : {file("\x89PNG\r\n\x1a\n????", 12), file("GIF89a??", 8),
                              file("RIFF????WEBPVP8 ", 16), file("II*\0????", 8), file("MM\0*????", 8),
                              file("\0\0\0 ftypavif", 12), file("BM????????????\x28\0\0\0", 18)}) {
    CHECK(info_of(foreign, info).ok());
    CHECK(info.encoding == slip::Encoding::foreign);
    CHECK_EQ(info.width + info.height, 0);
  }
  CHECK(code_of(file("BM, said the baker", 18)) == Code::not_an_image);
  CHECK(code_of(file("\xff\xd8", 2)) == Code::not_an_image);
}

TEST(kinds_of_jpeg_that_are_not_read_are_unsupported) {
  jpegs::Recipe recipe;
  recipe.arithmetic = true;
  CHECK(code_of(jpegs::make(recipe)) == Code::unsupported);
  File twelve_bits = ordinary();
  twelve_bits[find_segment(twelve_bits, 0xC0)] = 12;
  CHECK(code_of(twelve_bits) == Code::unsupported);
  File lossless = ordinary();
  lossless[find_segment(lossless, 0xC0) - 3] = 0xC3;
  CHECK(code_of(lossless) == Code::unsupported);
  File no_height = ordinary();
  const std::size_t frame = find_segment(no_height, 0xC0);
  no_height[frame + 1] = no_height[frame + 2] = 0;
  CHECK(code_of(no_height) == Code::unsupported);
}

TEST(plain_baseline_files_need_no_libjpeg) {
  std::mt19937 random(11);
  for (int i = 0; i < 200; ++i) {
    jpegs::Recipe recipe;
    recipe.h[0] = 1 + i % 2;
    recipe.v[0] = 1 + i / 2 % 2;
    recipe.width = 1 + static_cast<int>(random() % 150);
    recipe.height = 1 + static_cast<int>(random() % 150);
    recipe.quality = 30 + static_cast<int>(random() % 71);
    recipe.optimise = i % 3 == 0;
    recipe.restart = i % 5 == 0 ? static_cast<int>(random() % 12) : 0;
    const File jpeg = jpegs::make(recipe, random());
    const Rect all{0, 0, recipe.width, recipe.height};
    for (slip::Simd level : {slip::Simd::portable, slip::simd_level()}) {
      const slip::Simd best = slip::simd_level();
      slip::force_simd_level(level);
      slip::Arena arena;
      slip::Planes planes;
      CHECK(slip::jpeg::decode_baseline(jpegs::bytes(jpeg), all, arena, planes));
      slip::force_simd_level(best);
    }
  }
}

TEST(cmyk_becomes_rgb_as_in_pillow) {
  for (J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    jpegs::Recipe recipe;
    recipe.pixels = JCS_CMYK;
    recipe.stored = stored;
    recipe.width = 50;
    recipe.height = 41;
    const File jpeg = jpegs::make(recipe);
    const File pixels = jpegs::scanlines(jpeg, JCS_CMYK);
    slip::Arena arena;
    slip::Planes planes;
    CHECK(slip::decode_planes(jpegs::bytes(jpeg), {7, 9, 20, 30}, arena, planes).ok());
    CHECK(planes.model == slip::ColorModel::rgb);
    bool same = true;
    for (int y = 9; y < 39; ++y) {
      for (int x = 7; x < 27; ++x) {
        const std::uint8_t* cmyk = pixels.data() + 4 * (y * 50 + x);
        for (int c = 0; c < 3; ++c) {
          const slip::Plane& plane = planes.plane[c];
          const int got = plane.data[(y - plane.region.y) * plane.stride + x - plane.region.x];
          // Stored inverted: 255 is no ink. Pillow rounds the product of ink and light.
          same &= got == cmyk[3] - static_cast<int>((255 - cmyk[c]) * cmyk[3] / 255.0 + 0.5);
        }
      }
    }
    CHECK(same);
  }
}
