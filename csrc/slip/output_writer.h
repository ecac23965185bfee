// Rows of 8-bit R, G, B to the pixels of the destination, as an Output says.
#pragma once

#include <cstdint>

#include "slip/arena.h"
#include "slip/output.h"

namespace slip {

struct OutputKernels {
  // Three planes to RGBRGB...
  void (*interleave)(const std::uint8_t* const* rows, int count, std::uint8_t* out);
  // One channel through its table.
  void (*map_plane)(const std::uint8_t* row, int count, const Output& output, int channel, void* out);
  // Three channels through their tables, interleaved.
  void (*map_pixels)(const std::uint8_t* const* rows, int count, const Output& output, void* out);
};
const OutputKernels& output_kernels();
extern const OutputKernels output_kernels_portable;
extern const OutputKernels output_kernels_avx2;

class RowWriter {
 public:
  RowWriter(const Output& output, int width, int height, void* destination, Arena& arena);

  // Where the levels of row y are to be put: three rows that may be written up to the next multiple of 32.
  std::uint8_t* const* begin(int y);
  // Turns them into the destination's row.
  void finish(int y);

 private:
  std::uint8_t* at(int channel, int y) const;

  const Output& output_;
  const OutputKernels& kernels_;
  int width_, height_;
  std::uint8_t* destination_;
  bool direct_;  // the destination's rows themselves can be written
  std::uint8_t* rows_[3];
};

}  // namespace slip
