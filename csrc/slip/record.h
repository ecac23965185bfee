// Records: images in an encoding of our own, behind one 16-byte header. Here are the header and the records
// that hold planes (yuv420, yuv444, rgb); FORMAT.md specifies both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/status.h"

namespace slip {

constexpr std::size_t kRecordHeaderSize = 16;
constexpr std::uint8_t kRecordVersion = 1;

struct RecordHeader {
  Encoding encoding = Encoding::rgb;
  std::uint8_t detail = 0;       // of plane records: the ColorModel
  std::uint8_t orientation = 1;  // EXIF, 1-8, still to be applied
  int width = 0, height = 0;     // as stored
};

bool is_record(Bytes bytes);

// Checks magic, version and the range of every field, not the length of what follows.
Status parse_record_header(Bytes record, RecordHeader& header);

void write_record_header(const RecordHeader& header, std::uint8_t out[kRecordHeaderSize]);

// Points `planes` into a yuv420, yuv444 or rgb record, after checking its length.
Status read_plane_record(Bytes record, Planes& planes);

// Makes a yuv420 or yuv444 record of any image that decode_planes reads. A source of that sampling keeps its
// planes as they are, gray stays gray, RGB and CMYK become YCbCr by libjpeg's law, and chroma of any other
// sampling is averaged over the area of each sample of the record.
Status make_yuv_record(Bytes image, Encoding encoding, Arena& arena, std::vector<std::uint8_t>& record);

// Makes an rgb record of [height][width][3] pixels whose rows are `stride` bytes apart.
std::vector<std::uint8_t> make_rgb_record(const std::uint8_t* pixels, std::ptrdiff_t stride, int width,
                                          int height, std::uint8_t orientation);

}  // namespace slip
