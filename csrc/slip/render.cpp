#include "slip/render.h"

#include <string>
#include <utility>

#include "slip/color.h"
#include "slip/geometry.h"
#include "slip/output_writer.h"
#include "slip/plane_ops.h"
#include "slip/resample.h"
#include "slip/upsample.h"

namespace slip {
namespace {

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

void resample(const Planes& planes, const ResamplePlan* const plans[3], const StoredView& view,
              const Output& output, Arena& arena, void* destination) {
  const int width = view.x.outputs, height = view.y.outputs, count = planes.count;
  const ColorKernels& color = color_kernels();
  RowWriter writer(output, width, height, destination, arena);
  Resampler resamplers[3];
  for (int c = 0; c < count; ++c) resamplers[c] = Resampler(*plans[c], planes.plane[c], arena);
  for (int i = 0; i < height; ++i) {
    const int y = view.y.mirror ? height - 1 - i : i;
    const std::uint16_t* q8[3] = {};
    for (int c = 0; c < count; ++c) q8[c] = resamplers[c].row(i);
    std::uint8_t* const* out = writer.begin(y);
    if (planes.model == ColorModel::ycbcr) {
      color.from_q8(q8[0], q8[1], q8[2], width, out[0], out[1], out[2]);
    } else {
      for (int c = 0; c < 3; ++c) color.round_q8(q8[count == 1 ? 0 : c], width, out[c]);
    }
    writer.finish(y);
  }
}

// Every plane is resampled from its own resolution; colour is converted at the output's.
Status render_planes(Planes planes, const PlaneSampling sampling[3], const StoredView& view,
                     const Output& output, Arena& arena, void* destination) {
  // Where Pillow resamples these very samples, it rounds between the passes.
  const Between between = planes.model == ColorModel::ycbcr ? Between::q8 : Between::levels;
  ResamplePlan plans[3];
  const ResamplePlan* plan_of[3];
  for (int c = 0; c < planes.count; ++c) {
    PlaneSampling turned = sampling[c];
    if (view.swapped) std::swap(turned.x, turned.y);
    const bool shared = c > 0 && sampling[c] == sampling[c - 1];
    if (!shared) plans[c] = make_resample_plan(view.x, view.y, turned, between, arena);
    plan_of[c] = shared ? plan_of[c - 1] : &plans[c];
  }
  for (int c = 0; c < planes.count; ++c) {
    const Taps &x = plan_of[c]->x, &y = plan_of[c]->y;
    Rect rect{x.low, y.low, x.high - x.low, y.high - y.low};
    if (view.swapped) rect = {rect.y, rect.x, rect.height, rect.width};
    Status covered = check_covered(planes.plane[c], rect);
    if (!covered.ok()) return covered;
    if (view.swapped) planes.plane[c] = transposed(planes.plane[c], rect, arena);
  }
  resample(planes, plan_of, view, output, arena, destination);
  return {};
}

}  // namespace

Status render(const Planes& planes, const View& view, const Info& info, Fidelity fidelity,
              const Output& output, Arena& arena, void* destination) {
  StoredView stored;
  Status status = map_view(view, info, stored);
  if (status.ok()) status = check_sizes(planes, info);
  if (!status.ok()) return status;
  PlaneSampling sampling[3];
  for (int c = 0; c < planes.count; ++c) {
    status = sampling_of(planes, c, sampling[c]);
    if (!status.ok()) return status;
  }
  const bool copied = stored.x.identity() && stored.y.identity();
  if (planes.model != ColorModel::ycbcr || (fidelity == Fidelity::fast && !copied)) {
    return render_planes(planes, sampling, stored, output, arena, destination);
  }
  const Rect rect = touched_rect(stored);
  for (int c = 0; c < 3; ++c) {
    status = check_covered(planes.plane[c], upsampled_from(sampling[c], rect));
    if (!status.ok()) return status;
  }
  const Sampling across{1, false, info.width}, down{1, false, info.height};
  const PlaneSampling full[3] = {{across, down}, {across, down}, {across, down}};
  return render_planes(to_rgb(planes, sampling, rect, arena), full, stored, output, arena, destination);
}

}  // namespace slip
