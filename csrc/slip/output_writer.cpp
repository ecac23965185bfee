#include "slip/output_writer.h"

#include <cstring>

namespace slip {
namespace {

void interleave(const std::uint8_t* const* rows, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c) out[3 * i + c] = rows[c][i];
  }
}

template <class T>
void map_plane_as(const std::uint8_t* row, int count, const std::uint32_t* table, T* out) {
  for (int i = 0; i < count; ++i) out[i] = static_cast<T>(table[row[i]]);
}

void map_plane(const std::uint8_t* row, int count, const Output& output, int channel, void* out) {
  const std::uint32_t* table = output.table[channel].data();
  if (item_size(output.dtype) == 4) {
    map_plane_as(row, count, table, static_cast<std::uint32_t*>(out));
  } else {
    map_plane_as(row, count, table, static_cast<std::uint16_t*>(out));
  }
}

template <class T>
void map_pixels_as(const std::uint8_t* const* rows, int count, const Output& output, T* out) {
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c) out[3 * i + c] = static_cast<T>(output.table[c][rows[c][i]]);
  }
}

void map_pixels(const std::uint8_t* const* rows, int count, const Output& output, void* out) {
  if (item_size(output.dtype) == 4) {
    map_pixels_as(rows, count, output, static_cast<std::uint32_t*>(out));
  } else {
    map_pixels_as(rows, count, output, static_cast<std::uint16_t*>(out));
  }
}

}  // namespace

const OutputKernels output_kernels_portable = {interleave, map_plane, map_pixels};

const OutputKernels& output_kernels() { return output_kernels_portable; }

RowWriter::RowWriter(const Output& output, int width, int height, void* destination, Arena& arena)
    : output_(output),
      kernels_(output_kernels()),
      width_(width),
      height_(height),
      destination_(static_cast<std::uint8_t*>(destination)),
      direct_(output.dtype == DType::uint8 && output.layout == Layout::nchw && width % 32 == 0) {
  for (auto& row : rows_) row = direct_ ? nullptr : arena.take_array<std::uint8_t>(width + 32);
}

std::uint8_t* RowWriter::at(int channel, int y) const {
  const std::size_t pixel = output_.layout == Layout::nchw ? (std::size_t(channel) * height_ + y) * width_
                                                           : std::size_t(y) * width_ * 3;
  return destination_ + pixel * item_size(output_.dtype);
}

std::uint8_t* const* RowWriter::begin(int y) {
  if (direct_) {
    for (int c = 0; c < 3; ++c) rows_[c] = at(c, y);
  }
  return rows_;
}

void RowWriter::finish(int y) {
  if (direct_) return;
  if (output_.layout == Layout::nhwc) {
    if (output_.dtype == DType::uint8) {
      kernels_.interleave(rows_, width_, at(0, y));
    } else {
      kernels_.map_pixels(rows_, width_, output_, at(0, y));
    }
    return;
  }
  for (int c = 0; c < 3; ++c) {
    if (output_.dtype == DType::uint8) {
      std::memcpy(at(c, y), rows_[c], width_);
    } else {
      kernels_.map_plane(rows_[c], width_, output_, c, at(c, y));
    }
  }
}

}  // namespace slip
