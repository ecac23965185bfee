// The frozen entropy tables that every reader knows.
#pragma once

#include <cstdint>
#include <vector>

#include "slip/dct/format.h"

namespace slip::dct {

// Their bytes, as serialise writes them.
std::vector<std::uint8_t> builtin_bytes(Packing packing);

}  // namespace slip::dct
