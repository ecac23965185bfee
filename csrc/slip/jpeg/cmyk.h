// Colour of CMYK JPEGs, as Pillow's convert("RGB") has it.
#pragma once

#include <cstdint>

namespace slip::jpeg {

// Adobe writes CMYK inverted (255 is no ink), and Pillow takes every CMYK JPEG to be so.
// `cmyk` holds `width` pixels of four samples as libjpeg gives them.
inline void cmyk_to_rgb(const std::uint8_t* cmyk, int width, std::uint8_t* r, std::uint8_t* g,
                        std::uint8_t* b) {
  const auto divide_255 = [](int product) {
    product += 128;
    return ((product >> 8) + product) >> 8;
  };
  for (int x = 0; x < width; ++x, cmyk += 4) {
    const int light = cmyk[3];
    r[x] = static_cast<std::uint8_t>(light - divide_255((255 - cmyk[0]) * light));
    g[x] = static_cast<std::uint8_t>(light - divide_255((255 - cmyk[1]) * light));
    b[x] = static_cast<std::uint8_t>(light - divide_255((255 - cmyk[2]) * light));
  }
}

}  // namespace slip::jpeg
