// JPEGs made by libjpeg's compressor, and what libjpeg decodes from a JPEG: the material and the oracle of
// the decoder's tests.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <vector>
//
#include <jpeglib.h>

#include "slip/image.h"

namespace jpegs {

struct Recipe {
  int width = 16, height = 16;
  J_COLOR_SPACE pixels = JCS_RGB;  // of the picture: JCS_RGB, JCS_GRAYSCALE or JCS_CMYK
  J_COLOR_SPACE stored = JCS_YCbCr;
  int h[4] = {2, 1, 1, 2}, v[4] = {2, 1, 1, 2};
  int quality = 90;
  int restart = 0;  // MCUs between restart markers; negative: MCU rows
  bool progressive = false, optimise = false, arithmetic = false;
  bool markers = true;  // JFIF and Adobe
  double noise = 40;
};

// Smooth colours with noise, so that blocks of every kind appear.
inline std::vector<std::uint8_t> picture(const Recipe& recipe, int channels, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::uint8_t> pixels;
  std::uniform_real_distribution<double> noise(-recipe.noise, recipe.noise);
  for (int y = 0; y < recipe.height; ++y) {
    for (int x = 0; x < recipe.width; ++x) {
      const double strength = (x / 16 + y / 24) % 3 / 2.0;
      for (int c = 0; c < channels; ++c) {
        const double level = 128 + 100 * ((x * (c + 1) + y * 3) % 97 / 97.0 - 0.5) + strength * noise(random);
        pixels.push_back(static_cast<std::uint8_t>(level < 0 ? 0 : level > 255 ? 255 : level));
      }
    }
  }
  return pixels;
}

inline std::vector<std::uint8_t> make(const Recipe& recipe, std::uint32_t seed = 1) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &memory, &size);
  info.image_width = static_cast<JDIMENSION>(recipe.width);
  info.image_height = static_cast<JDIMENSION>(recipe.height);
  info.in_color_space = recipe.pixels;
  info.input_components = recipe.pixels == JCS_GRAYSCALE ? 1 : recipe.pixels == JCS_CMYK ? 4 : 3;
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, recipe.stored);
  jpeg_set_quality(&info, recipe.quality, TRUE);
  for (int c = 0; c < info.num_components; ++c) {
    info.comp_info[c].h_samp_factor = recipe.h[c];
    info.comp_info[c].v_samp_factor = recipe.v[c];
  }
  if (recipe.restart > 0) info.restart_interval = static_cast<unsigned>(recipe.restart);
  if (recipe.restart < 0) info.restart_in_rows = -recipe.restart;
  info.optimize_coding = recipe.optimise ? TRUE : FALSE;
  info.arith_code = recipe.arithmetic ? TRUE : FALSE;
  if (recipe.progressive) jpeg_simple_progression(&info);
  if (!recipe.markers) info.write_JFIF_header = info.write_Adobe_marker = FALSE;
  jpeg_start_compress(&info, TRUE);
  std::vector<std::uint8_t> pixels = picture(recipe, info.input_components, seed);
  const std::size_t stride = static_cast<std::size_t>(recipe.width) * info.input_components;
  while (info.next_scanline < info.image_height) {
    JSAMPROW row = pixels.data() + info.next_scanline * stride;
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::vector<std::uint8_t> jpeg(memory, memory + size);
  std::free(memory);
  jpeg_destroy_compress(&info);
  return jpeg;
}

inline slip::Bytes bytes(const std::vector<std::uint8_t>& data) { return {data.data(), data.size()}; }

// The interleaved pixels of an undamaged JPEG, by jpeg_read_scanlines.
inline std::vector<std::uint8_t> scanlines(const std::vector<std::uint8_t>& jpeg, J_COLOR_SPACE color) {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, jpeg.data(), jpeg.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = color;
  jpeg_start_decompress(&info);
  const std::size_t stride = static_cast<std::size_t>(info.output_width) * info.output_components;
  std::vector<std::uint8_t> pixels(stride * info.output_height);
  while (info.output_scanline < info.output_height) {
    JSAMPROW row = pixels.data() + info.output_scanline * stride;
    jpeg_read_scanlines(&info, &row, 1);
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return pixels;
}

struct OraclePlane {
  int width = 0, height = 0;
  std::size_t stride = 0;
  std::vector<std::uint8_t> samples;
  std::uint8_t at(int x, int y) const { return samples[static_cast<std::size_t>(y) * stride + x]; }
};

// All component planes of an undamaged JPEG of 1 or 3 components, by jpeg_read_raw_data.
inline std::vector<OraclePlane> oracle(const std::vector<std::uint8_t>& jpeg) {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, jpeg.data(), jpeg.size());
  jpeg_read_header(&info, TRUE);
  info.raw_data_out = TRUE;
  info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&info);
  const int call_rows = info.max_v_samp_factor * DCTSIZE;
  const int calls = (static_cast<int>(info.output_height) + call_rows - 1) / call_rows;
  std::vector<OraclePlane> planes(static_cast<std::size_t>(info.num_components));
  for (int c = 0; c < info.num_components; ++c) {
    const jpeg_component_info& component = info.comp_info[c];
    planes[c].width = static_cast<int>(component.downsampled_width);
    planes[c].height = static_cast<int>(component.downsampled_height);
    planes[c].stride = component.width_in_blocks * DCTSIZE;
    planes[c].samples.resize(planes[c].stride * calls * component.v_samp_factor * DCTSIZE);
  }
  for (int call = 0; call < calls; ++call) {
    JSAMPROW rows[3][32];
    JSAMPARRAY arrays[3] = {rows[0], rows[1], rows[2]};
    for (int c = 0; c < info.num_components; ++c) {
      const int height = info.comp_info[c].v_samp_factor * DCTSIZE;
      for (int y = 0; y < height; ++y)
        rows[c][y] = planes[c].samples.data() + (call * height + y) * planes[c].stride;
    }
    jpeg_read_raw_data(&info, arrays, static_cast<JDIMENSION>(call_rows));
  }
  jpeg_finish_decompress(&info);
  jpeg_destroy_decompress(&info);
  return planes;
}

}  // namespace jpegs
