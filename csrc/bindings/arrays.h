// Output memory as Python sees it.
#pragma once

#include <memory>

#include "bindings/bindings.h"
#include "slip/output.h"

namespace slip::python {

DType dtype_named(const std::string& name);
const char* dtype_name(DType dtype);

// An array of the output pool. Copies share its memory, which returns to the pool when the last of them dies.
struct PooledArray {
  PooledArray(std::vector<std::int64_t> shape, DType dtype, bool channels_last);

  // In items, of the logical (N, C, H, W) or (C, H, W).
  std::vector<std::int64_t> strides() const;

  std::vector<std::int64_t> shape;
  DType dtype;
  bool channels_last;
  std::size_t nbytes;
  std::shared_ptr<std::uint8_t> memory;
};

}  // namespace slip::python
