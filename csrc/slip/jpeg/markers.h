// The marker segments of a JPEG file up to its first scan, with every length checked.
#pragma once

#include <cstdint>

#include "slip/image.h"
#include "slip/status.h"

namespace slip::jpeg {

enum Marker : std::uint8_t {
  kSof0 = 0xC0,
  kSof1 = 0xC1,
  kSof2 = 0xC2,
  kDht = 0xC4,
  kJpg = 0xC8,
  kDac = 0xCC,
  kSof15 = 0xCF,
  kRst0 = 0xD0,
  kRst7 = 0xD7,
  kSoi = 0xD8,
  kEoi = 0xD9,
  kSos = 0xDA,
  kDqt = 0xDB,
  kDri = 0xDD,
  kApp0 = 0xE0,
  kApp1 = 0xE1,
  kApp14 = 0xEE,
  kTem = 0x01,
};

// The payload of one segment, without its marker and length.
struct Segment {
  std::uint8_t marker = 0;
  Bytes payload;
};

// Walks from segment to segment. Stray bytes between them are skipped, as libjpeg does.
class Segments {
 public:
  explicit Segments(Bytes file) : file_(file) {}
  // False where the file ends before another whole segment. Does not go past a start of scan or an end of
  // image.
  bool next(Segment& segment);
  // Offset of the first byte after the segment last returned.
  std::size_t position() const { return position_; }

 private:
  Bytes file_;
  std::size_t position_ = 2;  // after the start of image
  bool finished_ = false;
};

struct Component {
  std::uint8_t id = 0, h = 1, v = 1, quant = 0;
};

// A frame header: what a start-of-frame segment says.
struct Frame {
  std::uint8_t marker = 0;
  int width = 0, height = 0;
  int count = 0;
  Component component[4];
  int h_max = 1, v_max = 1;

  bool present() const { return marker != 0; }
};

bool is_frame_marker(std::uint8_t marker);

// Refuses what no decoder here reads: other than 8 bits, 2 or more than 4 components, arithmetic, lossless,
// hierarchical, no height.
Status parse_frame(const Segment& segment, Frame& frame);

// What application segments say about colour.
struct ColorMarkers {
  bool jfif = false, adobe = false;
  std::uint8_t adobe_transform = 0;

  void note(const Segment& segment);
  // Whether three components are RGB and not YCbCr, by the rules of libjpeg.
  bool three_are_rgb(const Frame& frame) const;
};

struct Header {
  Frame frame;
  std::uint8_t orientation = 1;
};

// Reads all segments up to the first scan. `file` begins with a start of image.
Status read_header(Bytes file, Header& header);

// The orientation 1-8 of an EXIF segment; 1 where it has none or makes no sense.
std::uint8_t exif_orientation(Bytes app1);

}  // namespace slip::jpeg
