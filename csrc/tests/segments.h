// JPEGs that are taken apart by their marker segments.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "check.h"
#include "jpegs.h"
#include "slip/jpeg/markers.h"

namespace segments {

using File = std::vector<std::uint8_t>;

// Offset of the payload of the first segment with this marker.
inline std::size_t find_segment(const File& jpeg, std::uint8_t marker) {
  slip::jpeg::Segments segments(jpegs::bytes(jpeg));
  slip::jpeg::Segment segment;
  while (segments.next(segment)) {
    if (segment.marker == marker) return static_cast<std::size_t>(segment.payload.data - jpeg.data());
  }
  check::fail(__FILE__, __LINE__, "the JPEG lacks a segment that the test needs");
  return 0;
}

inline File ordinary(int width = 40, int height = 30) {
  jpegs::Recipe recipe;
  recipe.width = width;
  recipe.height = height;
  return jpegs::make(recipe);
}

}  // namespace segments
