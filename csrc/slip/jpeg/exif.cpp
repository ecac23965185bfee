#include <cstdint>

#include "slip/jpeg/markers.h"

namespace slip::jpeg {
namespace {

// A TIFF structure in either byte order; reads outside it give 0, which is no valid offset, tag or
// orientation.
class Tiff {
 public:
  explicit Tiff(Bytes bytes) : bytes_(bytes), little_(bytes.size > 0 && bytes.data[0] == 'I') {}

  std::uint32_t read(std::uint64_t offset, int size) const {
    if (offset + static_cast<unsigned>(size) > bytes_.size) return 0;
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i) {
      value = value << 8 | bytes_.data[offset + static_cast<unsigned>(little_ ? size - 1 - i : i)];
    }
    return value;
  }
  bool valid() const {
    return bytes_.size >= 8 && bytes_.data[0] == bytes_.data[1] && (little_ || bytes_.data[0] == 'M') &&
           read(2, 2) == 42;
  }

 private:
  Bytes bytes_;
  bool little_;
};

constexpr std::uint32_t kOrientationTag = 0x0112, kShort = 3, kLong = 4;
constexpr std::size_t kExifSignature = 6;  // "Exif" and two zeros

}  // namespace

std::uint8_t exif_orientation(Bytes app1) {
  if (app1.size <= kExifSignature) return 1;
  const Tiff tiff(Bytes{app1.data + kExifSignature, app1.size - kExifSignature});
  if (!tiff.valid()) return 1;
  const std::uint64_t directory = tiff.read(4, 4);
  const std::uint32_t entries = tiff.read(directory, 2);
  for (std::uint32_t i = 0; i < entries; ++i) {
    const std::uint64_t entry = directory + 2 + 12 * std::uint64_t{i};
    if (tiff.read(entry, 2) != kOrientationTag) continue;
    const std::uint32_t type = tiff.read(entry + 2, 2);
    if (tiff.read(entry + 4, 4) != 1 || (type != kShort && type != kLong)) return 1;
    const std::uint32_t value = tiff.read(entry + 8, type == kShort ? 2 : 4);
    return value >= 1 && value <= 8 ? static_cast<std::uint8_t>(value) : std::uint8_t{1};
  }
  return 1;
}

}  // namespace slip::jpeg
