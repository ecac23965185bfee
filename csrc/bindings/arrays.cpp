#include "bindings/arrays.h"

#include <array>

#include "bindings/dlpack.h"
#include "slip/buffers.h"

namespace slip::python {
namespace {

struct DTypeNames {
  DType dtype;
  const char* name;
  const char* numpy;  // nullptr: numpy has no such type
};
constexpr std::array<DTypeNames, 4> kDTypes{{{DType::uint8, "uint8", "|u1"},
                                             {DType::float32, "float32", "<f4"},
                                             {DType::float16, "float16", "<f2"},
                                             {DType::bfloat16, "bfloat16", nullptr}}};

std::size_t count_bytes(const std::vector<std::int64_t>& shape, DType dtype) {
  if (shape.size() != 3 && shape.size() != 4)
    throw py::value_error("shape: expected (N, C, H, W) or (C, H, W), got " + std::to_string(shape.size()) +
                          " dimensions");
  std::size_t bytes = item_size(dtype);
  for (std::int64_t edge : shape) {
    if (edge < 0 || __builtin_mul_overflow(bytes, static_cast<std::size_t>(edge), &bytes) ||
        bytes > PTRDIFF_MAX)
      throw py::value_error(
          "shape: expected numbers of at least 0 whose product fits in memory, got one of " +
          std::to_string(edge));
  }
  return bytes;
}

py::tuple tuple_of(const std::vector<std::int64_t>& values, std::int64_t factor = 1) {
  py::tuple tuple(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) tuple[i] = values[i] * factor;
  return tuple;
}

py::dict array_interface(const PooledArray& array) {
  const DTypeNames& names = kDTypes[static_cast<std::size_t>(array.dtype)];
  if (names.numpy == nullptr)
    throw py::type_error("numpy has no bfloat16; do use torch.from_dlpack, or float16 or float32");
  py::dict interface;
  interface["version"] = 3;
  interface["shape"] = tuple_of(array.shape);
  interface["typestr"] = names.numpy;
  interface["strides"] = tuple_of(array.strides(), static_cast<std::int64_t>(item_size(array.dtype)));
  interface["data"] = py::make_tuple(reinterpret_cast<std::uintptr_t>(array.memory.get()), false);
  return interface;
}

py::object dlpack(const PooledArray& array, const py::object& /*stream: there is none on the CPU*/,
                  const py::object& max_version, const py::object& device, const py::object& copy) {
  if (!device.is_none() && !device.equal(py::make_tuple(kDLCPU, 0)))
    PyErr_SetString(PyExc_BufferError, "dl_device: expected (1, 0), the CPU; do move the tensor afterwards");
  else if (!copy.is_none() && copy.cast<bool>())
    PyErr_SetString(PyExc_BufferError, "copy: expected None or False; do clone the tensor afterwards");
  if (PyErr_Occurred()) throw py::error_already_set();
  const bool versioned = !max_version.is_none() && py::tuple(max_version)[0].cast<int>() >= 1;
  return export_dlpack({array.memory, array.shape, array.strides(), array.dtype}, versioned);
}

}  // namespace

DType dtype_named(const std::string& name) {
  for (const DTypeNames& names : kDTypes)
    if (name == names.name) return names.dtype;
  throw py::value_error("dtype: expected \"uint8\", \"float32\", \"float16\" or \"bfloat16\", got \"" + name +
                        "\"");
}

const char* dtype_name(DType dtype) { return kDTypes[static_cast<std::size_t>(dtype)].name; }

PooledArray::PooledArray(std::vector<std::int64_t> shape_, DType dtype_, bool channels_last_)
    : shape(std::move(shape_)),
      dtype(dtype_),
      channels_last(channels_last_),
      nbytes(count_bytes(shape, dtype)) {
  without_gil([this] { memory = take_buffer(nbytes); });  // a large new buffer takes milliseconds to fault in
}

std::vector<std::int64_t> PooledArray::strides() const {
  const std::size_t first = shape.size() - 3;
  const std::int64_t channels = shape[first], height = shape[first + 1], width = shape[first + 2];
  std::vector<std::int64_t> strides = channels_last ? std::vector<std::int64_t>{1, width * channels, channels}
                                                    : std::vector<std::int64_t>{height * width, width, 1};
  if (first == 1) strides.insert(strides.begin(), channels * height * width);
  return strides;
}

void bind_arrays(py::module_& module) {
  py::class_<PooledArray>(module, "PooledArray")
      .def(py::init([](std::vector<std::int64_t> shape, const std::string& dtype, bool channels_last) {
             return PooledArray(std::move(shape), dtype_named(dtype), channels_last);
           }),
           py::arg("shape"), py::arg("dtype"), py::arg("channels_last") = false)
      .def_property_readonly("shape", [](const PooledArray& array) { return tuple_of(array.shape); })
      .def_property_readonly("dtype", [](const PooledArray& array) { return dtype_name(array.dtype); })
      .def_readonly("nbytes", &PooledArray::nbytes)
      .def("__dlpack__", dlpack, py::kw_only(), py::arg("stream") = py::none(),
           py::arg("max_version") = py::none(), py::arg("dl_device") = py::none(),
           py::arg("copy") = py::none())
      .def("__dlpack_device__", [](const PooledArray&) { return py::make_tuple(kDLCPU, 0); })
      .def_property_readonly("__array_interface__", array_interface);
  module.def("pool_stats", [] {
    const BufferStats stats = buffer_stats();
    py::dict out;
    out["bytes_in_use"] = stats.bytes_in_use;
    out["bytes_free"] = stats.bytes_free;
    out["made"] = stats.made;
    out["reused"] = stats.reused;
    return out;
  });
}

}  // namespace slip::python
