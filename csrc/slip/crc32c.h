// CRC-32C (Castagnoli), as in iSCSI, SSE4.2 and most storage formats.
#pragma once

#include <cstdint>

#include "slip/image.h"

namespace slip {

// Of `bytes`, continuing from the checksum of what came before them.
std::uint32_t crc32c(Bytes bytes, std::uint32_t value = 0);

}  // namespace slip
