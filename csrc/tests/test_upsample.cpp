// Upsampling and colour at the source's size against libjpeg-turbo itself, to the bit.

#include <cstdio>
#include <cstdlib>
#include <vector>
//
#include <jpeglib.h>

#include "check.h"
#include "scenes.h"
#include "slip/upsample.h"

using namespace slip;
using namespace scenes;

namespace {

// A JPEG of noise with these sampling factors.
std::vector<std::uint8_t> encode(int width, int height, const int (&sampling)[3][2]) {
  jpeg_compress_struct c{};
  jpeg_error_mgr errors{};
  c.err = jpeg_std_error(&errors);
  jpeg_create_compress(&c);
  unsigned char* data = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&c, &data, &size);
  c.image_width = width;
  c.image_height = height;
  c.input_components = 3;
  c.in_color_space = JCS_RGB;
  jpeg_set_defaults(&c);
  jpeg_set_quality(&c, 95, TRUE);
  for (int i = 0; i < 3; ++i) {
    c.comp_info[i].h_samp_factor = sampling[i][0];
    c.comp_info[i].v_samp_factor = sampling[i][1];
  }
  jpeg_start_compress(&c, TRUE);
  std::vector<std::uint8_t> row(std::size_t(width) * 3);
  unsigned seed = 12345;
  while (c.next_scanline < c.image_height) {
    for (auto& v : row) {
      seed = seed * 1664525u + 1013904223u;
      v = static_cast<std::uint8_t>(seed >> 24);
    }
    JSAMPROW rows[1] = {row.data()};
    jpeg_write_scanlines(&c, rows, 1);
  }
  jpeg_finish_compress(&c);
  jpeg_destroy_compress(&c);
  std::vector<std::uint8_t> out(data, data + size);
  std::free(data);
  return out;
}

// Planar RGB as libjpeg-turbo gives it.
std::vector<std::uint8_t> decode_rgb(const std::vector<std::uint8_t>& jpeg) {
  jpeg_decompress_struct d{};
  jpeg_error_mgr errors{};
  d.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&d);
  jpeg_mem_src(&d, jpeg.data(), jpeg.size());
  jpeg_read_header(&d, TRUE);
  d.out_color_space = JCS_RGB;
  d.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&d);
  const std::size_t pixels = std::size_t(d.output_width) * d.output_height;
  std::vector<std::uint8_t> row(std::size_t(d.output_width) * 3), out(pixels * 3);
  while (d.output_scanline < d.output_height) {
    const std::size_t at = std::size_t(d.output_scanline) * d.output_width;
    JSAMPROW rows[1] = {row.data()};
    jpeg_read_scanlines(&d, rows, 1);
    for (std::size_t x = 0; x < d.output_width; ++x) {
      for (std::size_t c = 0; c < 3; ++c) out[c * pixels + at + x] = row[3 * x + c];
    }
  }
  jpeg_finish_decompress(&d);
  jpeg_destroy_decompress(&d);
  return out;
}

// The component planes before upsampling.
Image decode_planes(const std::vector<std::uint8_t>& jpeg, int width, int height,
                    const int (&sampling)[3][2]) {
  Image image = Image::random(ColorModel::ycbcr, width, height, 1, sampling);
  jpeg_decompress_struct d{};
  jpeg_error_mgr errors{};
  d.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&d);
  jpeg_mem_src(&d, jpeg.data(), jpeg.size());
  jpeg_read_header(&d, TRUE);
  d.raw_data_out = TRUE;
  d.dct_method = JDCT_ISLOW;
  d.do_fancy_upsampling = TRUE;
  jpeg_start_decompress(&d);
  std::vector<std::uint8_t> memory[3];
  std::vector<JSAMPROW> rows[3];
  JSAMPARRAY arrays[3];
  for (int c = 0; c < 3; ++c) {
    const std::size_t stride = d.comp_info[c].width_in_blocks * 8 + 64,
                      count = d.comp_info[c].v_samp_factor * 8;
    memory[c].resize(stride * count);
    for (std::size_t y = 0; y < count; ++y) rows[c].push_back(memory[c].data() + y * stride);
    arrays[c] = rows[c].data();
  }
  for (int group = 0; d.output_scanline < d.output_height; ++group) {
    jpeg_read_raw_data(&d, arrays, d.max_v_samp_factor * 8);
    for (int c = 0; c < 3; ++c) {
      const Plane& plane = image.planes.plane[c];
      for (int y = 0; y < plane.v * 8 && group * plane.v * 8 + y < plane.full_height; ++y) {
        std::copy_n(rows[c][y], plane.full_width,
                    image.memory[c].begin() + (group * plane.v * 8 + y) * plane.full_width);
      }
    }
  }
  jpeg_finish_decompress(&d);
  jpeg_destroy_decompress(&d);
  return image;
}

const int kSamplings[][3][2] = {
    {{1, 1}, {1, 1}, {1, 1}}, {{2, 2}, {1, 1}, {1, 1}}, {{2, 1}, {1, 1}, {1, 1}}, {{1, 2}, {1, 1}, {1, 1}},
    {{4, 1}, {1, 1}, {1, 1}}, {{4, 2}, {1, 1}, {1, 1}}, {{2, 2}, {1, 2}, {2, 1}}, {{1, 1}, {2, 2}, {1, 2}},
};

}  // namespace

TEST(full_decode_equals_libjpeg_turbo_for_every_sampling_and_size) {
  for (const auto& sampling : kSamplings) {
    for (int width : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 33, 64, 65, 131}) {
      for (int height : {1, 2, 3, 7, 8, 16, 17, 35}) {
        const auto jpeg = encode(width, height, sampling);
        const Image image = decode_planes(jpeg, width, height, sampling);
        CHECK(draw(image, whole(width, height, width, height), 1, Fidelity::fast) == decode_rgb(jpeg));
      }
    }
  }
}

TEST(a_crop_equals_the_same_part_of_libjpeg_turbos_picture) {
  constexpr int kWidth = 67, kHeight = 41;
  for (const auto& sampling : kSamplings) {
    const auto jpeg = encode(kWidth, kHeight, sampling);
    const Image image = decode_planes(jpeg, kWidth, kHeight, sampling);
    const auto full = decode_rgb(jpeg);
    for (const Rect& crop :
         {Rect{0, 0, 5, 5}, Rect{1, 1, 32, 20}, Rect{31, 13, 36, 28}, Rect{66, 40, 1, 1}}) {
      View view;
      view.box = {double(crop.x), double(crop.y), double(crop.width), double(crop.height)};
      view.bounds = crop;
      view.width = crop.width;
      view.height = crop.height;
      std::vector<std::uint8_t> expected;
      for (int c = 0; c < 3; ++c) {
        for (int y = crop.y; y < crop.bottom(); ++y) {
          const auto row = full.begin() + (c * kHeight + y) * kWidth;
          expected.insert(expected.end(), row + crop.x, row + crop.right());
        }
      }
      CHECK(draw(image, view, 1, Fidelity::exact) == expected);
    }
  }
}
