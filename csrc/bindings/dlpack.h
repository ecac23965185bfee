// DLPack, the way tensors change hands between libraries without a copy.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bindings/bindings.h"
#include "slip/output.h"

namespace slip::python {

constexpr int kDLCPU = 1;

struct ExportedArray {
  std::shared_ptr<std::uint8_t> memory;
  std::vector<std::int64_t> shape, strides;
  DType dtype;
};

// A capsule that owns a share of the memory: "dltensor_versioned" (DLPack 1.0) or "dltensor" (before it).
// Whoever takes it may let go of the memory on any thread, without the GIL and without Python.
py::capsule export_dlpack(ExportedArray array, bool versioned);

}  // namespace slip::python
