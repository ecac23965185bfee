// From the coordinates that users see (oriented, output) to those in which an image is stored.
#pragma once

#include "slip/image.h"
#include "slip/reduction.h"
#include "slip/render.h"
#include "slip/status.h"

namespace slip {

// One axis of an output, in stored image samples.
struct Axis {
  double begin = 0, length = 0;  // what is resampled
  int low = 0, high = 0;         // samples [low, high) that the filter may touch
  int outputs = 0;
  bool mirror = false;  // output 0 lies at the far end

  double scale() const { return length / outputs; }
  // True where every output is one sample, unchanged.
  bool identity() const { return length == outputs && begin == static_cast<int>(begin); }
};

// How an output lies in the stored image.
struct StoredView {
  Axis x, y;             // of the output
  bool swapped = false;  // output x runs down the stored columns, output y along the stored rows
};

// Checks `view` and maps it to stored coordinates.
Status map_view(const View& view, const Info& info, StoredView& stored);

// What `view` is reduced by along the stored axes; a view that map_view refuses counts as not reduced at all.
Scales stored_scales(const View& view, const Info& info);

// Whole samples [first, last) of an axis.
struct Span {
  int first = 0, last = 0;
};

// The samples, counted from axis.low, that are less than `support` from `center`, as Pillow counts them.
// Never empty: a box that leaves the bounds by rounding still sees the nearest sample.
inline Span touched(const Axis& axis, double center, double support) {
  const int size = axis.high - axis.low;
  // Truncation instead of floor differs below zero only, where the bounds decide.
  int first = static_cast<int>(center - support + 0.5), last = static_cast<int>(center + support + 0.5);
  first = first < 0 ? 0 : first >= size ? size - 1 : first;
  last = last > size ? size : last <= first ? first + 1 : last;
  return {first, last};
}

// The samples that all outputs of the axis touch.
Span touched(const Axis& axis);

}  // namespace slip
