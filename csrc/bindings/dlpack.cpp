#include "bindings/dlpack.h"

namespace slip::python {
namespace {

// The structs of dlpack.h 1.0, https://github.com/dmlc/dlpack.
struct DLDevice {
  std::int32_t device_type, device_id;
};
struct DLDataType {
  std::uint8_t code, bits;
  std::uint16_t lanes;
};
struct DLTensor {
  void* data;
  DLDevice device;
  std::int32_t ndim;
  DLDataType dtype;
  std::int64_t *shape, *strides;
  std::uint64_t byte_offset;
};
struct DLManagedTensor {
  DLTensor tensor;
  void* context;
  void (*deleter)(DLManagedTensor*);
  static constexpr const char* kName = "dltensor";
};
struct DLPackVersion {
  std::uint32_t major, minor;
};
struct DLManagedTensorVersioned {
  DLPackVersion version;
  void* context;
  void (*deleter)(DLManagedTensorVersioned*);
  std::uint64_t flags;  // none: not read-only, not a copy
  DLTensor tensor;
  static constexpr const char* kName = "dltensor_versioned";
};

constexpr std::uint8_t kDLUInt = 1, kDLFloat = 2, kDLBfloat = 4;

std::uint8_t type_code(DType dtype) {
  return dtype == DType::uint8 ? kDLUInt : dtype == DType::bfloat16 ? kDLBfloat : kDLFloat;
}

// What the capsule points at, with everything that the struct points at.
template <class Managed>
struct Owner {
  Managed managed{};
  ExportedArray array;
};

template <class Managed>
py::capsule capsule_of(ExportedArray array) {
  auto* owner = new Owner<Managed>{{}, std::move(array)};
  ExportedArray& held = owner->array;
  const auto bits = static_cast<std::uint8_t>(8 * item_size(held.dtype));
  owner->managed.tensor = DLTensor{held.memory.get(),
                                   {kDLCPU, 0},
                                   static_cast<std::int32_t>(held.shape.size()),
                                   {type_code(held.dtype), bits, 1},
                                   held.shape.data(),
                                   held.strides.data(),
                                   0};
  owner->managed.context = owner;
  owner->managed.deleter = [](Managed* managed) { delete static_cast<Owner<Managed>*>(managed->context); };
  if constexpr (std::is_same_v<Managed, DLManagedTensorVersioned>) owner->managed.version = {1, 0};
  PyObject* capsule = PyCapsule_New(&owner->managed, Managed::kName, [](PyObject* unused) {
    if (!PyCapsule_IsValid(unused, Managed::kName)) return;  // renamed by the one who took it
    auto* managed = static_cast<Managed*>(PyCapsule_GetPointer(unused, Managed::kName));
    managed->deleter(managed);
  });
  if (capsule == nullptr) {
    delete owner;
    throw py::error_already_set();
  }
  return py::reinterpret_steal<py::capsule>(capsule);
}

}  // namespace

py::capsule export_dlpack(ExportedArray array, bool versioned) {
  return versioned ? capsule_of<DLManagedTensorVersioned>(std::move(array))
                   : capsule_of<DLManagedTensor>(std::move(array));
}

}  // namespace slip::python
