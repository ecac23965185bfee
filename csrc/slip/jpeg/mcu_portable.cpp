#include "slip/jpeg/mcu_kernel.h"
#include "slip/jpeg/mcu_kernels.h"

namespace slip::jpeg {

bool decode_mcus_portable(EntropyBytes& bytes, ReaderState& state, const McuLayout& layout, int count,
                          std::int16_t* coefficients, std::uint8_t* extents) {
  if (coefficients == nullptr) return run(bytes, state, layout, count, nullptr, nullptr);
  return run(bytes, state, layout, count, coefficients, extents);
}

}  // namespace slip::jpeg
