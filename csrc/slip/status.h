// What became of one sample: a code that programs test and a reason that people read.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace slip {

enum class Code : std::uint8_t {
  ok = 0,
  empty,         // no bytes at all
  not_an_image,  // no known image starts with these bytes
  truncated,     // the data ends before the image does
  corrupt,       // the data contradicts itself
  unsupported,   // a valid image of a kind this decoder does not read
  too_large,     // more pixels than max_pixels allows
  foreign,       // an image of another format (PNG, WebP, ...), for the Python fallback
  out_of_memory,
};

struct [[nodiscard]] Status {
  Code code = Code::ok;
  std::string reason;

  Status() = default;
  Status(Code c, std::string why) : code(c), reason(std::move(why)) {}
  bool ok() const { return code == Code::ok; }
};

}  // namespace slip
