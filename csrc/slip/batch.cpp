#include "slip/batch.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>

#include "slip/arena.h"
#include "slip/decode.h"
#include "slip/geometry.h"
#include "slip/pool.h"

namespace slip {
namespace {

Rect united(const Rect& a, const Rect& b) {
  Rect all;
  all.x = std::min(a.x, b.x);
  all.y = std::min(a.y, b.y);
  all.width = std::max(a.right(), b.right()) - all.x;
  all.height = std::max(a.bottom(), b.bottom()) - all.y;
  return all;
}

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

Scales united(const Scales& a, const Scales& b) {
  return {std::min(a.least_x, b.least_x), std::max(a.most_x, b.most_x), std::min(a.least_y, b.least_y),
          std::max(a.most_y, b.most_y)};
}

// What all placements allow the planes to be reduced by.
Scales scales_of(const Job& job, Fidelity fidelity) {
  if (fidelity == Fidelity::exact) return {};
  Scales scales = stored_scales(job.placements[0].view, job.info);
  for (const Placement& placement : job.placements)
    scales = united(scales, stored_scales(placement.view, job.info));
  return scales;
}

Status decode_and_render(const Job& job, const std::vector<Output>& outputs, Fidelity fidelity,
                         Arena& arena) {
  if (job.placements.empty()) return {};
  Rect region = stored_region(job.placements[0].view, job.info);
  for (const Placement& placement : job.placements)
    region = united(region, stored_region(placement.view, job.info));
  Planes planes;
  Status status = decode_planes(job.bytes, region, arena, planes, scales_of(job, fidelity));
  if (!status.ok()) return status;
  if (planes.width != job.info.width || planes.height != job.info.height)
    return {Code::corrupt, "expected " + size_text(job.info.width, job.info.height) + " pixels, got " +
                               size_text(planes.width, planes.height)};
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const Placement& placement = job.placements[k];
    status = render(planes, placement.view, job.info, fidelity, outputs[k], arena, placement.destination);
    if (!status.ok()) return status;
  }
  return {};
}

Status guarded(const std::function<Status(int, Arena&)>& body, int i) {
  thread_local Arena arena;
  arena.reset();
  try {
    return body(i, arena);
  } catch (const std::bad_alloc&) {
    return {Code::out_of_memory, "expected memory to decode into, got none"};
  } catch (const std::exception& error) {
    return {Code::corrupt, error.what()};
  }
}

void fill_with_zeros(const Job& job, const std::vector<Output>& outputs) {
  for (std::size_t k = 0; k < job.placements.size(); ++k) {
    const Placement& placement = job.placements[k];
    std::memset(placement.destination, 0, image_bytes(outputs[k], placement.view));
  }
}

}  // namespace

std::size_t image_bytes(const Output& output, const View& view) {
  return std::size_t{3} * static_cast<std::size_t>(view.width) * static_cast<std::size_t>(view.height) *
         item_size(output.dtype);
}

std::vector<Status> run_each(int count, int num_threads, const std::function<Status(int, Arena&)>& body) {
  std::vector<Status> statuses(static_cast<std::size_t>(count));
  parallel_for(count, num_threads, [&](int i) { statuses[static_cast<std::size_t>(i)] = guarded(body, i); });
  return statuses;
}

std::vector<Status> run_batch(const std::vector<Job>& jobs, const std::vector<Output>& outputs,
                              const BatchOptions& options) {
  const auto statuses =
      run_each(static_cast<int>(jobs.size()), options.num_threads, [&](int i, Arena& arena) {
        return decode_and_render(jobs[static_cast<std::size_t>(i)], outputs, options.fidelity, arena);
      });
  for (std::size_t i = 0; i < jobs.size(); ++i)
    if (!statuses[i].ok()) fill_with_zeros(jobs[i], outputs);
  return statuses;
}

}  // namespace slip
