#include <algorithm>
#include <cstring>

#include "slip/decode.h"
#include "slip/record.h"

namespace slip {
namespace {

int divide_up(int a, int b) { return (a + b - 1) / b; }

// Size of a plane whose samples are `factor` pixels wide and high.
std::size_t plane_size(const Planes& planes, int factor) {
  return static_cast<std::size_t>(divide_up(planes.width, factor)) *
         static_cast<std::size_t>(divide_up(planes.height, factor));
}

// Which samples of a plane lie under one output sample, and how much of each: at most 3 along an axis, since
// an output sample is at most 2 pixels and a plane's sample at least 1.
struct Span {
  int first = 0, count = 0, total = 0;
  int weight[3] = {};
};

// Along an axis of `size` pixels, of which a plane's sample covers max / own and an output sample `factor`.
std::vector<Span> spans_of(int size, int own, int max, int factor) {
  std::vector<Span> spans(static_cast<std::size_t>(divide_up(size, factor)));
  // Lengths in units of 1 / own pixel: the plane's samples are then max long.
  for (std::size_t i = 0; i < spans.size(); ++i) {
    const std::int64_t from = static_cast<std::int64_t>(i) * factor * own;
    const std::int64_t to = std::min<std::int64_t>(from + factor * own, std::int64_t{size} * own);
    Span& span = spans[i];
    span.first = static_cast<int>(from / max);
    for (std::int64_t start = std::int64_t{span.first} * max; start < to; start += max) {
      const auto overlap = static_cast<int>(std::min(start + max, to) - std::max(start, from));
      span.weight[span.count++] = overlap;
      span.total += overlap;
    }
  }
  return spans;
}

const std::uint8_t* row_of(const Plane& plane, int y) {
  return plane.data + (y - plane.region.y) * plane.stride - plane.region.x;
}

void average_plane(const Planes& planes, const Plane& plane, int factor, std::uint8_t* out) {
  const std::vector<Span> columns = spans_of(planes.width, plane.h, planes.h_max, factor);
  const std::vector<Span> rows = spans_of(planes.height, plane.v, planes.v_max, factor);
  for (const Span& row : rows) {
    for (const Span& column : columns) {
      const int total = row.total * column.total;
      int sum = total / 2;
      for (int j = 0; j < row.count; ++j) {
        const std::uint8_t* samples = row_of(plane, row.first + j) + column.first;
        for (int i = 0; i < column.count; ++i) sum += row.weight[j] * column.weight[i] * samples[i];
      }
      *out++ = static_cast<std::uint8_t>(sum / total);
    }
  }
}

// Writes a plane at one sample per factor x factor pixels.
void write_plane(const Planes& planes, const Plane& plane, int factor, std::uint8_t* out) {
  if (plane.h * factor != planes.h_max || plane.v * factor != planes.v_max) {
    average_plane(planes, plane, factor, out);
    return;
  }
  for (int y = 0; y < plane.full_height; ++y, out += plane.full_width) {
    std::memcpy(out, row_of(plane, y), static_cast<std::size_t>(plane.full_width));
  }
}

// In place, by the law of jccolor.c: 16 bits of fraction, rounded.
void rgb_to_ycbcr(std::uint8_t* p0, std::uint8_t* p1, std::uint8_t* p2, std::size_t count) {
  constexpr int kHalf = 1 << 15, kCentre = (128 << 16) + kHalf - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const int r = p0[i], g = p1[i], b = p2[i];
    p0[i] = static_cast<std::uint8_t>((19595 * r + 38470 * g + 7471 * b + kHalf) >> 16);
    p1[i] = static_cast<std::uint8_t>((-11059 * r - 21709 * g + 32768 * b + kCentre) >> 16);
    p2[i] = static_cast<std::uint8_t>((32768 * r - 27439 * g - 5329 * b + kCentre) >> 16);
  }
}

Planes to_ycbcr(const Planes& rgb, Arena& arena) {
  Planes planes = rgb;
  planes.model = ColorModel::ycbcr;
  planes.h_max = planes.v_max = 1;
  const std::size_t size = plane_size(rgb, 1);
  std::uint8_t* out[3];
  for (int c = 0; c < 3; ++c) {
    out[c] = arena.take_array<std::uint8_t>(size);
    write_plane(rgb, rgb.plane[c], 1, out[c]);
    planes.plane[c] = {out[c], rgb.width, {0, 0, rgb.width, rgb.height}, rgb.width, rgb.height, 1, 1};
  }
  rgb_to_ycbcr(out[0], out[1], out[2], size);
  return planes;
}

}  // namespace

Status make_yuv_record(Bytes image, Encoding encoding, Arena& arena, std::vector<std::uint8_t>& record) {
  Info info;
  if (Status status = read_info(image, info); !status.ok()) return status;
  if (info.encoding == Encoding::foreign)
    return {Code::foreign, "an image that is neither a JPEG nor a record"};
  Planes planes;
  if (Status status = decode_planes(image, {0, 0, info.width, info.height}, arena, planes); !status.ok()) {
    return status;
  }
  if (planes.model == ColorModel::rgb) planes = to_ycbcr(planes, arena);
  const int chroma = encoding == Encoding::yuv420 ? 2 : 1;
  std::size_t size = kRecordHeaderSize + kSlack;
  for (int c = 0; c < planes.count; ++c) size += plane_size(planes, c == 0 ? 1 : chroma);
  record.assign(size, 0);
  write_record_header(
      {encoding, static_cast<std::uint8_t>(planes.model), info.orientation, info.width, info.height},
      record.data());
  std::uint8_t* out = record.data() + kRecordHeaderSize;
  for (int c = 0; c < planes.count; ++c) {
    const int factor = c == 0 ? 1 : chroma;
    write_plane(planes, planes.plane[c], factor, out);
    out += plane_size(planes, factor);
  }
  return {};
}

std::vector<std::uint8_t> make_rgb_record(const std::uint8_t* pixels, std::ptrdiff_t stride, int width,
                                          int height, std::uint8_t orientation) {
  const std::size_t size = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
  std::vector<std::uint8_t> record(kRecordHeaderSize + 3 * size + kSlack, 0);
  write_record_header({Encoding::rgb, static_cast<std::uint8_t>(ColorModel::rgb), orientation, width, height},
                      record.data());
  std::uint8_t* red = record.data() + kRecordHeaderSize;
  for (int y = 0; y < height; ++y) {
    const std::uint8_t* row = pixels + y * stride;
    for (int x = 0; x < width; ++x, ++red) {
      for (std::size_t c = 0; c < 3; ++c) red[c * size] = row[3 * x + static_cast<int>(c)];
    }
  }
  return record;
}

}  // namespace slip
