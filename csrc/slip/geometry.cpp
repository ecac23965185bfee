#include "slip/geometry.h"

#include <algorithm>
#include <string>

namespace slip {
namespace {

// Boxes come from arithmetic in double: this much beyond the bounds is rounding, more is a mistake.
constexpr double kTolerance = 1e-3;

// What EXIF orientation 1-8 does: oriented (x, y) is stored (x, y) or (y, x), each counted from the far end
// or not.
struct Orientation {
  bool swapped, mirror_column, mirror_row;
};

Orientation orientation_of(int exif) {
  static constexpr Orientation kTable[8] = {
      {false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
      {true, false, false},  {true, false, true},  {true, true, true},  {true, true, false},
  };
  return kTable[exif >= 1 && exif <= 8 ? exif - 1 : 0];
}

std::string text(double begin, double length) {
  return "[" + std::to_string(begin) + ", " + std::to_string(begin + length) + ")";
}

// `size` is that of the image along the axis, as oriented and as stored.
Status map_axis(const char* name, double begin, double length, int low, int count, int outputs, int size,
                bool mirror, Axis& axis) {
  const std::string which = std::string("view: ") + name + " ";
  if (outputs < 1) {
    return {Code::corrupt, which + "expected an output of at least 1 pixel, got " + std::to_string(outputs)};
  }
  if (count < 1 || low < 0 || low > size - count) {
    return {Code::corrupt,
            which + "expected bounds inside [0, " + std::to_string(size) + "), got " + text(low, count)};
  }
  // Written so that NaN fails.
  if (!(length > 0) || !(begin >= low - kTolerance) || !(begin + length <= low + count + kTolerance)) {
    return {Code::corrupt,
            which + "expected a box inside " + text(low, count) + ", got " + text(begin, length)};
  }
  axis.begin = mirror ? size - (begin + length) : begin;
  axis.length = length;
  axis.low = mirror ? size - (low + count) : low;
  axis.high = axis.low + count;
  axis.outputs = outputs;
  axis.mirror = mirror;
  return {};
}

}  // namespace

Status map_view(const View& view, const Info& info, StoredView& stored) {
  const Orientation o = orientation_of(info.orientation);
  stored.swapped = o.swapped;
  const int width = o.swapped ? info.height : info.width;
  const int height = o.swapped ? info.width : info.height;
  const bool mirror_x = o.swapped ? o.mirror_row : o.mirror_column;
  const bool mirror_y = o.swapped ? o.mirror_column : o.mirror_row;
  Status status = map_axis("x", view.box.x, view.box.width, view.bounds.x, view.bounds.width, view.width,
                           width, mirror_x, stored.x);
  if (!status.ok()) return status;
  status = map_axis("y", view.box.y, view.box.height, view.bounds.y, view.bounds.height, view.height, height,
                    mirror_y, stored.y);
  stored.x.mirror ^= view.flip;
  return status;
}

Scales stored_scales(const View& view, const Info& info) {
  StoredView stored;
  if (!map_view(view, info, stored).ok()) return {};
  const double x = stored.x.scale(), y = stored.y.scale();
  return stored.swapped ? Scales{y, y, x, x} : Scales{x, x, y, y};
}

Span touched(const Axis& axis) {
  const double scale = axis.scale(), support = std::max(scale, 1.0), begin = axis.begin - axis.low;
  const Span first = touched(axis, begin + 0.5 * scale, support);
  const Span last = touched(axis, begin + (axis.outputs - 0.5) * scale, support);
  return {first.first + axis.low, last.last + axis.low};
}

Rect stored_region(const View& view, const Info& info) {
  StoredView stored;
  // render() reports what is wrong with a bad view; until then any rectangle inside the image will do.
  if (!map_view(view, info, stored).ok()) return {0, 0, std::min(1, info.width), std::min(1, info.height)};
  const Axis& column = stored.swapped ? stored.y : stored.x;
  const Axis& row = stored.swapped ? stored.x : stored.y;
  // Triangular upsampling reads one chroma sample to either side: two of the image.
  constexpr int kMargin = 2;
  auto widen = [](Span span, int size) {
    return Span{std::max(0, span.first - kMargin), std::min(size, span.last + kMargin)};
  };
  const Span x = widen(touched(column), info.width), y = widen(touched(row), info.height);
  return {x.first, y.first, x.last - x.first, y.last - y.first};
}

}  // namespace slip
