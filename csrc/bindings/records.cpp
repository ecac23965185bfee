// Images re-packed as records.
#include "bindings/encoded.h"
#include "slip/record.h"

namespace slip::python {
namespace {

template <Encoding encoding>
std::pair<py::list, Failures> to_yuv(const Encoded& encoded, const Array<std::int64_t>& rows,
                                     int num_threads) {
  return make_files(encoded, rows, num_threads, [](Bytes image, Arena& arena, File& record) {
    return make_yuv_record(image, encoding, arena, record);
  });
}

py::bytes to_rgb(const py::array_t<std::uint8_t, py::array::c_style>& pixels, int orientation) {
  if (pixels.ndim() != 3 || pixels.shape(2) != 3 || pixels.size() == 0 || pixels.shape(0) > 65535 ||
      pixels.shape(1) > 65535)
    throw py::value_error("pixels: expected [H, W, 3] of 1 to 65535 rows and columns");
  if (orientation < 1 || orientation > 8)
    throw py::value_error("orientation: expected 1 to 8, got " + std::to_string(orientation));
  const auto record =
      make_rgb_record(pixels.data(), pixels.strides(0), static_cast<int>(pixels.shape(1)),
                      static_cast<int>(pixels.shape(0)), static_cast<std::uint8_t>(orientation));
  return to_bytes(record);
}

}  // namespace

void bind_records(py::module_& module) {
  module.def("to_yuv420", to_yuv<Encoding::yuv420>, py::arg("encoded"), py::arg("rows"),
             py::arg("num_threads") = 0);
  module.def("to_yuv444", to_yuv<Encoding::yuv444>, py::arg("encoded"), py::arg("rows"),
             py::arg("num_threads") = 0);
  module.def("to_rgb", to_rgb, py::arg("pixels"), py::arg("orientation") = 1);
}

}  // namespace slip::python
