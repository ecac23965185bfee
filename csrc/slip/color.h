// BT.601 full range YCbCr to RGB, row by row.
#pragma once

#include <cstdint>

namespace slip {

// Rows may be read and written up to the next multiple of 32 samples.
struct ColorKernels {
  // libjpeg-turbo's integer conversion, to the bit.
  void (*exact)(const std::uint8_t* y, const std::uint8_t* cb, const std::uint8_t* cr, int count,
                std::uint8_t* r, std::uint8_t* g, std::uint8_t* b);
  // From Q8 to rounded levels.
  void (*from_q8)(const std::uint16_t* y, const std::uint16_t* cb, const std::uint16_t* cr, int count,
                  std::uint8_t* r, std::uint8_t* g, std::uint8_t* b);
  // Rounds Q8 to levels.
  void (*round_q8)(const std::uint16_t* q8, int count, std::uint8_t* out);
};
const ColorKernels& color_kernels();
extern const ColorKernels color_kernels_portable;
extern const ColorKernels color_kernels_avx2;

}  // namespace slip
