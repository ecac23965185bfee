#include "bindings/outputs.h"

#include <cmath>

#include "bindings/arrays.h"

namespace slip::python {
namespace {

void check(const std::optional<Triple>& values, const char* name, bool positive) {
  if (!values) return;
  for (double value : *values)
    if (!std::isfinite(value) || (positive && value <= 0))
      throw py::value_error(std::string(name) + ": expected three finite numbers" +
                            (positive ? " above 0" : "") + ", got " + std::to_string(value) +
                            "; they are in units of [0, 1]");
}

}  // namespace

OutputSpec::OutputSpec(const std::string& dtype, bool channels_last, bool scale, std::optional<Triple> mean,
                       std::optional<Triple> std) {
  const DType type = dtype_named(dtype);
  if ((mean || std) && (type == DType::uint8 || !scale))
    throw py::value_error(
        "mean, std: expected None for pixels that stay from 0 to 255, got numbers; do choose a float "
        "dtype and scale=True");
  check(mean, "mean", false);
  check(std, "std", true);
  const Triple zeros{0, 0, 0}, ones{1, 1, 1};
  native = Output::make(type, channels_last ? Layout::nhwc : Layout::nchw, scale, mean.value_or(zeros).data(),
                        std.value_or(ones).data());
}

void bind_outputs(py::module_& module) {
  py::class_<OutputSpec>(module, "Output")
      .def(py::init<const std::string&, bool, bool, std::optional<Triple>, std::optional<Triple>>(),
           py::arg("dtype") = "uint8", py::arg("channels_last") = false, py::arg("scale") = true,
           py::arg("mean") = py::none(), py::arg("std") = py::none());
}

}  // namespace slip::python
