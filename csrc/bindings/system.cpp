// The process: kernels, threads, library versions, failure codes, checksums.
#include <cstdio>
// jpeglib.h needs FILE and size_t declared before it.
#include <jpeglib.h>

#include "bindings/bindings.h"
#include "slip/crc32c.h"

#define SLIP_TEXT_OF(x) #x
#define SLIP_TEXT(x) SLIP_TEXT_OF(x)

namespace slip::python {
namespace {

void force_level(const std::string& name) {
  for (Simd level : {Simd::portable, Simd::avx2}) {
    if (name != simd_name(level)) continue;
    try {
      return force_simd_level(level);
    } catch (const std::runtime_error& error) {
      throw py::value_error(error.what());
    }
  }
  throw py::value_error("level: expected \"portable\" or \"avx2\", got \"" + name +
                        "\"; do choose one of them");
}

std::uint32_t checksum(const py::object& data, std::uint32_t value) {
  Py_buffer view;
  if (PyObject_GetBuffer(data.ptr(), &view, PyBUF_SIMPLE) != 0) throw py::error_already_set();
  checked_threads(1);
  const Bytes bytes{static_cast<const std::uint8_t*>(view.buf), static_cast<std::size_t>(view.len)};
  without_gil([&] { value = crc32c(bytes, value); });
  PyBuffer_Release(&view);
  return value;
}

}  // namespace

void bind_system(py::module_& module) {
  module.def("simd_level", [] { return simd_name(simd_level()); });
  module.def("force_simd_level", force_level, py::arg("level"));
  module.def("default_num_threads", default_num_threads);
  module.def("libjpeg_version", [] { return SLIP_TEXT(LIBJPEG_TURBO_VERSION); });
  module.def("crc32c", checksum, py::arg("data"), py::arg("value") = 0);
  // In the order of slip::Code.
  module.attr("CODES") = py::make_tuple("ok", "empty", "not_an_image", "truncated", "corrupt", "unsupported",
                                        "too_large", "foreign", "out_of_memory");
}

}  // namespace slip::python
