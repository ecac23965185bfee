// Which format a file is of, by its first bytes.
#pragma once

#include <string>

#include "slip/image.h"

namespace slip {

bool is_jpeg(Bytes bytes);

// Formats that only Pillow reads: PNG, WebP, GIF, BMP, TIFF, AVIF.
bool is_foreign_image(Bytes bytes);

// What bytes that are no image look like, for an error: "text", "zeros", "a zip archive", ...
std::string describe_bytes(Bytes bytes);

}  // namespace slip
