// The two compilations of decode_mcus.
#pragma once

#include "slip/jpeg/mcu.h"

namespace slip::jpeg {

bool decode_mcus_portable(EntropyBytes& bytes, ReaderState& state, const McuLayout& layout, int count,
                          std::int16_t* coefficients, std::uint8_t* extents);
bool decode_mcus_avx2(EntropyBytes& bytes, ReaderState& state, const McuLayout& layout, int count,
                      std::int16_t* coefficients, std::uint8_t* extents);

}  // namespace slip::jpeg
