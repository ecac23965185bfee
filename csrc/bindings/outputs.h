// How pixels are written, as Python asks for it.
#pragma once

#include <array>
#include <optional>

#include "bindings/bindings.h"
#include "slip/output.h"

namespace slip::python {

using Triple = std::array<double, 3>;

struct OutputSpec {
  OutputSpec(const std::string& dtype, bool channels_last, bool scale, std::optional<Triple> mean,
             std::optional<Triple> std);
  Output native;
};

}  // namespace slip::python
