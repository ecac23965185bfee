// From the coordinates that users see (oriented, output) to those in which an image is stored.
#pragma once

#include "slip/image.h"
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

// Whole samples [first, last) of an axis.
struct Span {
  int first = 0, last = 0;
};

// The samples that the triangle filter touches for output `index`, counted from the near end of the axis.
Span touched(const Axis& axis, int index);

// The samples that all outputs of the axis touch.
Span touched(const Axis& axis);

}  // namespace slip
