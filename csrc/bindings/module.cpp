// slipstream_plugins._core: the table of contents. _core.pyi documents it.
#include "bindings/bindings.h"

PYBIND11_MODULE(_core, module) {
  using namespace slip::python;
  bind_system(module);
  bind_encoded(module);
  bind_arrays(module);
  bind_outputs(module);
  bind_decode(module);
  bind_records(module);
  bind_dct(module);
  bind_random(module);
}
