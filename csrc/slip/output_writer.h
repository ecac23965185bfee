// Rows of 8-bit R, G, B to the pixels of the destination, as an Output says.
#pragma once

#include <cstdint>

#include "slip/arena.h"
#include "slip/output.h"
#include "slip/output_kernels.h"

namespace slip {

class RowWriter {
 public:
  RowWriter(const Output& output, int width, int height, void* destination, Arena& arena);

  // Where the levels of row y are to be put: three rows that may be written up to the next multiple of 32.
  std::uint8_t* const* begin(int y);
  // Turns them into the destination's row.
  void finish(int y);

 private:
  void* at(int channel, int y) const;

  const Output& output_;
  const OutputKernels& kernels_;
  ValueMap values_[3];  // of each channel, or, interleaved, of all in the first
  int width_, height_;
  std::uint8_t* destination_;
  bool direct_;  // the destination's rows themselves can be written
  std::uint8_t* rows_[3];
  std::uint8_t* pixels_ = nullptr;  // a row of levels, interleaved
};

}  // namespace slip
