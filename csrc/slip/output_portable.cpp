#include "slip/output_kernels.h"

namespace slip {
namespace {

void interleave(const std::uint8_t* const* rows, int count, std::uint8_t* out) {
  for (int i = 0; i < count; ++i) {
    for (int c = 0; c < 3; ++c) out[3 * i + c] = rows[c][i];
  }
}

template <class T>
void map_as(const std::uint8_t* levels, int count, const ValueMap& values, T* out) {
  const std::uint32_t* const table[3] = {values.table[0], values.table[1], values.table[2]};
  int i = 0;
  for (; i + 3 <= count; i += 3) {
    for (int c = 0; c < 3; ++c) out[i + c] = static_cast<T>(table[c][levels[i + c]]);
  }
  for (int c = 0; i < count; ++i, ++c) out[i] = static_cast<T>(table[c][levels[i]]);
}

void map(const std::uint8_t* levels, int count, const ValueMap& values, void* out) {
  if (values.type == ValueMap::Type::float32) {
    map_as(levels, count, values, static_cast<std::uint32_t*>(out));
  } else {
    map_as(levels, count, values, static_cast<std::uint16_t*>(out));
  }
}

}  // namespace

const OutputKernels output_kernels_portable = {interleave, map};

}  // namespace slip
