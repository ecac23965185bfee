#include "slip/jpeg/mcu.h"

#include "slip/jpeg/mcu_kernels.h"
#include "slip/simd.h"

namespace slip::jpeg {

bool decode_mcus(EntropyBytes& bytes, ReaderState& state, const McuLayout& layout, int count,
                 std::int16_t* coefficients, std::uint8_t* extents) {
#ifdef SLIP_X86
  if (simd_level() == Simd::avx2) return decode_mcus_avx2(bytes, state, layout, count, coefficients, extents);
#endif
  return decode_mcus_portable(bytes, state, layout, count, coefficients, extents);
}

}  // namespace slip::jpeg
