#include "slip/render.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "slip/color.h"
#include "slip/geometry.h"
#include "slip/output_writer.h"
#include "slip/plane_ops.h"
#include "slip/resample.h"
#include "slip/upsample.h"

namespace slip {
namespace {

// Where the pixels of one rendering go, and the memory it uses.
struct Target {
  const Output& output;
  void* destination;
  Arena& arena;
};

Status check_sizes(const Planes& planes, const Info& info) {
  const bool same = planes.width == info.width && planes.height == info.height;
  if (same && planes.count == (planes.model == ColorModel::gray ? 1 : 3)) return {};
  return {Code::corrupt, "expected planes of " + std::to_string(info.width) + "x" +
                             std::to_string(info.height) + ", got " + std::to_string(planes.count) + " of " +
                             std::to_string(planes.width) + "x" + std::to_string(planes.height)};
}

Status check_covered(const Plane& plane, const Rect& rect) {
  const Rect& r = plane.region;
  const bool inside =
      rect.x >= r.x && rect.right() <= r.right() && rect.y >= r.y && rect.bottom() <= r.bottom();
  if (inside && plane.data != nullptr) return {};
  return {Code::corrupt, "expected planes that hold the region of the view, got " + std::to_string(r.width) +
                             "x" + std::to_string(r.height) + " at " + std::to_string(r.x) + "," +
                             std::to_string(r.y)};
}

// The image's samples that the view resamples, in stored coordinates.
Rect touched_rect(const StoredView& view) {
  const Span x = touched(view.swapped ? view.y : view.x), y = touched(view.swapped ? view.x : view.y);
  return {x.first, y.first, x.last - x.first, y.last - y.first};
}

// A plan for each plane; planes of the same sampling share one.
struct Plans {
  ResamplePlan plan[3];
  const ResamplePlan* of[3];
};

template <class Sample>
Plans make_plans(const Planes& planes, const PlaneSampling sampling[3], const StoredView& view,
                 Arena& arena) {
  Plans plans;
  const ImageTaps taps = make_image_taps<Sample>(view.x, view.y, arena);
  for (int c = 0; c < planes.count; ++c) {
    PlaneSampling turned = sampling[c];
    if (view.swapped) std::swap(turned.x, turned.y);
    const bool shared = c > 0 && sampling[c] == sampling[c - 1];
    if (!shared) plans.plan[c] = make_resample_plan<Sample>(taps, turned, arena);
    plans.of[c] = shared ? plans.of[c - 1] : &plans.plan[c];
  }
  return plans;
}

// Checks that the planes hold what the plans touch, and turns planes whose rows are the output's columns.
Status turn(Planes& planes, const Plans& plans, bool swapped, Arena& arena) {
  for (int c = 0; c < planes.count; ++c) {
    const Taps &x = plans.of[c]->x, &y = plans.of[c]->y;
    Rect rect{x.low, y.low, x.high - x.low, y.high - y.low};
    if (swapped) rect = {rect.y, rect.x, rect.height, rect.width};
    Status covered = check_covered(planes.plane[c], rect);
    if (!covered.ok()) return covered;
    if (swapped) planes.plane[c] = transposed(planes.plane[c], rect, arena);
  }
  return {};
}

void convert(const Planes& planes, const Q8* const row[3], int width, std::uint8_t* const out[3]) {
  const ColorKernels& color = color_kernels();
  if (planes.model == ColorModel::ycbcr)
    return color.from_q8(row[0], row[1], row[2], width, out[0], out[1], out[2]);
  for (int c = 0; c < 3; ++c) color.round_q8(row[c], width, out[c]);
}

void convert(const Planes&, const Level* const row[3], int width, std::uint8_t* const out[3]) {
  for (int c = 0; c < 3; ++c) std::copy_n(row[c], width, out[c]);
}

bool same_region(const Plane& a, const Plane& b) {
  const Rect &r = a.region, &s = b.region;
  return r.x == s.x && r.y == s.y && r.width == s.width && r.height == s.height;
}

// Resamplers of all planes: neighbours that share a plan and a region run together.
template <class Sample>
std::vector<Resampler<Sample>> make_resamplers(const Planes& planes, const Plans& plans, Arena& arena) {
  std::vector<Resampler<Sample>> resamplers;
  resamplers.reserve(3);
  for (int c = 0, end; c < planes.count; c = end) {
    end = c + 1;
    while (end < planes.count && plans.of[end] == plans.of[c] &&
           same_region(planes.plane[end], planes.plane[c]))
      ++end;
    resamplers.emplace_back(*plans.of[c], &planes.plane[c], end - c, arena);
  }
  return resamplers;
}

// Every plane is resampled from its own resolution; colour that is left to convert is converted at the
// output's.
template <class Sample>
Status render_planes(Planes planes, const PlaneSampling sampling[3], const StoredView& view,
                     const Target& target) {
  const Plans plans = make_plans<Sample>(planes, sampling, view, target.arena);
  Status status = turn(planes, plans, view.swapped, target.arena);
  if (!status.ok()) return status;
  const int width = view.x.outputs, height = view.y.outputs;
  std::vector<Resampler<Sample>> resamplers = make_resamplers<Sample>(planes, plans, target.arena);
  RowWriter writer(target.output, width, height, target.destination, target.arena);
  for (int i = 0; i < height; ++i) {
    const int y = view.y.mirror ? height - 1 - i : i;
    const Sample* row[3] = {};
    int c = 0;
    for (Resampler<Sample>& resampler : resamplers) {
      resampler.move_to(i);
      for (int p = 0; p < resampler.count(); ++p) row[c++] = resampler.row(p);
    }
    if (c == 1) row[1] = row[2] = row[0];
    convert(planes, row, width, writer.begin(y));
    writer.finish(y);
  }
  return {};
}

// Every output is one sample, unchanged.
Status copy_planes(Planes planes, const StoredView& view, const Target& target) {
  const int width = view.x.outputs, height = view.y.outputs;
  const int left = static_cast<int>(view.x.begin), top = static_cast<int>(view.y.begin);
  const Rect rect = view.swapped ? Rect{top, left, height, width} : Rect{left, top, width, height};
  for (int c = 0; c < planes.count; ++c) {
    Status covered = check_covered(planes.plane[c], rect);
    if (!covered.ok()) return covered;
    if (view.swapped) planes.plane[c] = transposed(planes.plane[c], rect, target.arena);
  }
  RowWriter writer(target.output, width, height, target.destination, target.arena);
  for (int i = 0; i < height; ++i) {
    const int y = view.y.mirror ? height - 1 - i : i;
    std::uint8_t* const* out = writer.begin(y);
    for (int c = 0; c < 3; ++c) {
      const Plane& plane = planes.plane[planes.count == 1 ? 0 : c];
      const std::uint8_t* from =
          plane.data + (top + i - plane.region.y) * plane.stride + (left - plane.region.x);
      if (view.x.mirror) {
        std::reverse_copy(from, from + width, out[c]);
      } else {
        std::copy_n(from, width, out[c]);
      }
    }
    writer.finish(y);
  }
  return {};
}

// Converts what the view touches to RGB at the stored size, in place.
Status to_rgb(Planes& planes, PlaneSampling sampling[3], const StoredView& view, Arena& arena) {
  const Rect rect = touched_rect(view);
  for (int c = 0; c < 3; ++c) {
    Status status = check_covered(planes.plane[c], upsampled_from(sampling[c], rect));
    if (!status.ok()) return status;
  }
  planes = to_rgb(planes, sampling, rect, arena);
  for (int c = 0; c < 3; ++c) sampling[c] = {{1, false, planes.width}, {1, false, planes.height}};
  return {};
}

bool full_size(const PlaneSampling sampling[3], int count) {
  for (int c = 0; c < count; ++c) {
    if (sampling[c].x.ratio != 1 || sampling[c].y.ratio != 1) return false;
  }
  return true;
}

// Colour is converted first, which is nearer to what Pillow does, where all planes are full size and this
// does not cost much more than converting the output's pixels.
bool rgb_first(const PlaneSampling sampling[3], const StoredView& view) {
  return full_size(sampling, 3) && view.x.length * view.y.length <= 1.5 * view.x.outputs * view.y.outputs;
}

// Sixteen bits cannot hold the sums of more taps.
bool fits_q8(const Axis& axis) { return 2 * axis.scale() + 1 <= kMostQ8Taps; }

bool is_reduced(const Planes& planes) {
  for (int c = 0; c < planes.count; ++c) {
    if (planes.plane[c].shift > 0) return true;
  }
  return false;
}

// Reduced planes are for fast rendering at a scale for which reduction_for() gives them.
Status check_reduced(const Planes& planes, const PlaneSampling sampling[3], const StoredView& view,
                     bool fast) {
  for (int c = 0; c < planes.count; ++c) {
    const Axis &x = view.swapped ? view.y : view.x, &y = view.swapped ? view.x : view.y;
    const double scale = std::max(x.scale() / sampling[c].x.ratio, y.scale() / sampling[c].y.ratio);
    fast = fast && 2 * scale / (1 << planes.plane[c].shift) + 4 <= kMostQ8Taps;
  }
  return fast ? Status() : Status(Code::corrupt, "expected whole planes for this view, got reduced ones");
}

}  // namespace

Status render(const Planes& given, const View& view, const Info& info, Fidelity fidelity,
              const Output& output, Arena& arena, void* destination) {
  StoredView stored;
  Status status = map_view(view, info, stored);
  if (status.ok()) status = check_sizes(given, info);
  Planes planes = given;
  PlaneSampling sampling[3];
  for (int c = 0; c < planes.count && status.ok(); ++c) status = sampling_of(planes, c, sampling[c]);
  if (!status.ok()) return status;
  const bool copied = stored.x.identity() && stored.y.identity();
  const bool reduced = is_reduced(planes);
  if (reduced) {
    status = check_reduced(planes, sampling, stored, fidelity == Fidelity::fast && !copied);
    if (!status.ok()) return status;
  }
  const bool exact =
      !reduced && (fidelity == Fidelity::exact || !fits_q8(stored.x) || !fits_q8(stored.y) || copied);
  if (planes.model == ColorModel::ycbcr && (exact || rgb_first(sampling, stored))) {
    status = to_rgb(planes, sampling, stored, arena);
    if (!status.ok()) return status;
  }
  const Target target{output, destination, arena};
  if (copied && full_size(sampling, planes.count)) return copy_planes(planes, stored, target);
  return exact ? render_planes<Level>(planes, sampling, stored, target)
               : render_planes<Q8>(planes, sampling, stored, target);
}

}  // namespace slip
