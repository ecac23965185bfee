#include "slip/sniff.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <iterator>

namespace slip {
namespace {

bool has(Bytes bytes, std::size_t offset, const char* word, std::size_t length) {
  return bytes.size >= offset + length && std::memcmp(bytes.data + offset, word, length) == 0;
}

// "BM" alone begins many a text; a bitmap also has a header size at byte 14 that is one of a few.
bool is_bmp(Bytes bytes) {
  if (!has(bytes, 0, "BM", 2) || !has(bytes, 15, "\0\0\0", 3)) return false;
  static constexpr std::uint8_t kSizes[] = {12, 16, 40, 52, 56, 64, 108, 124};
  return std::find(std::begin(kSizes), std::end(kSizes), bytes.data[14]) != std::end(kSizes);
}

// ASCII only: what is quoted in a reason must be valid UTF-8 wherever it is cut.
bool is_text(Bytes bytes) {
  const std::size_t length = std::min<std::size_t>(bytes.size, 64);
  return std::all_of(bytes.data, bytes.data + length, [](std::uint8_t c) {
    return (c >= 0x20 && c < 0x7F) || c == '\n' || c == '\r' || c == '\t';
  });
}

}  // namespace

bool is_jpeg(Bytes bytes) { return has(bytes, 0, "\xFF\xD8\xFF", 3); }

bool is_foreign_image(Bytes bytes) {
  return has(bytes, 0, "\x89PNG\r\n\x1A\n", 8) || has(bytes, 0, "GIF87a", 6) || has(bytes, 0, "GIF89a", 6) ||
         (has(bytes, 0, "RIFF", 4) && has(bytes, 8, "WEBP", 4)) || has(bytes, 0, "II*\0", 4) ||
         has(bytes, 0, "MM\0*", 4) || has(bytes, 4, "ftypavif", 8) || has(bytes, 4, "ftypavis", 8) ||
         is_bmp(bytes);
}

std::string describe_bytes(Bytes bytes) {
  if (bytes.size == 0) return "nothing";
  if (std::all_of(bytes.data, bytes.data + bytes.size, [](std::uint8_t c) { return c == 0; })) {
    return std::to_string(bytes.size) + " bytes, all of them zero";
  }
  if (has(bytes, 4, "ftyphei", 7) || has(bytes, 4, "ftypmif1", 8)) return "a HEIC image";
  if (has(bytes, 0, "PK\3\4", 4)) return "a zip archive";
  if (has(bytes, 0, "\x1F\x8B", 2)) return "gzip data";
  if (has(bytes, 0, "\xFF\xD8", 2)) return "the first bytes of a JPEG, and no more";
  const std::size_t length = std::min<std::size_t>(bytes.size, 16);
  if (is_text(bytes)) {
    std::string start(reinterpret_cast<const char*>(bytes.data), length);
    // A reason is plain ASCII, wherever the text is cut.
    std::replace_if(start.begin(), start.end(), [](char c) { return (c & 0x80) != 0; }, '?');
    std::replace_if(
        start.begin(), start.end(), [](char c) { return c == '\n' || c == '\r' || c == '\t'; }, ' ');
    return "text (\"" + start + (bytes.size > length ? "...\")" : "\")");
  }
  std::string hex = "bytes that begin";
  for (std::size_t i = 0; i < std::min<std::size_t>(length, 8); ++i) {
    char digits[4];
    std::snprintf(digits, sizeof digits, " %02x", bytes.data[i]);
    hex += digits;
  }
  return hex;
}

}  // namespace slip
