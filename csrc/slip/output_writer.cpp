#include "slip/output_writer.h"

#include <cstring>

#include "slip/simd.h"

namespace slip {

const OutputKernels& output_kernels() {
#if SLIP_X86
  if (simd_level() == Simd::avx2) return output_kernels_avx2;
#endif
  return output_kernels_portable;
}

namespace {

// Of values of channel first, first + step, first + 2 * step, ...
ValueMap value_map(const Output& output, int first, int step) {
  ValueMap values;
  if (output.dtype == DType::float16) values.type = ValueMap::Type::float16;
  if (output.dtype == DType::bfloat16) values.type = ValueMap::Type::bfloat16;
  values.affine = output.affine;
  for (int i = 0; i < ValueMap::kPeriod; ++i) {
    const int channel = (first + i * step) % 3;
    values.table[i % 3] = output.table[channel].data();
    values.scale[i] = output.scale[channel];
    values.offset[i] = output.offset[channel];
    values.scale_float[i] = static_cast<float>(output.scale[channel]);
    values.offset_float[i] = static_cast<float>(output.offset[channel]);
  }
  return values;
}

}  // namespace

RowWriter::RowWriter(const Output& output, int width, int height, void* destination, Arena& arena)
    : output_(output),
      kernels_(output_kernels()),
      width_(width),
      height_(height),
      destination_(static_cast<std::uint8_t*>(destination)),
      direct_(output.dtype == DType::uint8 && output.layout == Layout::nchw && width % 32 == 0) {
  for (auto& row : rows_) row = direct_ ? nullptr : arena.take_array<std::uint8_t>(width + 32);
  if (output.dtype == DType::uint8) return;
  const bool mixed = output.layout == Layout::nhwc;
  if (mixed) pixels_ = arena.take_array<std::uint8_t>(std::size_t(width) * 3);
  for (int c = 0; c < (mixed ? 1 : 3); ++c) values_[c] = value_map(output, c, mixed ? 1 : 0);
}

void* RowWriter::at(int channel, int y) const {
  const std::size_t value = output_.layout == Layout::nchw ? (std::size_t(channel) * height_ + y) * width_
                                                           : std::size_t(y) * width_ * 3;
  return destination_ + value * item_size(output_.dtype);
}

std::uint8_t* const* RowWriter::begin(int y) {
  if (direct_) {
    for (int c = 0; c < 3; ++c) rows_[c] = static_cast<std::uint8_t*>(at(c, y));
  }
  return rows_;
}

void RowWriter::finish(int y) {
  if (direct_) return;
  const bool levels = output_.dtype == DType::uint8;
  if (output_.layout == Layout::nhwc) {
    kernels_.interleave(rows_, width_, levels ? static_cast<std::uint8_t*>(at(0, y)) : pixels_);
    if (!levels) kernels_.map(pixels_, width_ * 3, values_[0], at(0, y));
    return;
  }
  for (int c = 0; c < 3; ++c) {
    if (levels) {
      std::memcpy(at(c, y), rows_[c], width_);
    } else {
      kernels_.map(rows_[c], width_, values_[c], at(c, y));
    }
  }
}

}  // namespace slip
