// The decode of a batch: what Python asks for is checked here, so that native code may trust every number.
#include <cmath>
#include <cstring>

#include "bindings/arrays.h"
#include "bindings/encoded.h"
#include "bindings/outputs.h"
#include "slip/batch.h"

namespace slip::python {
namespace {

// VIEW_DTYPE of _core.pyi.
struct ViewRow {
  double box[4];
  std::int32_t bounds[4];
  std::int32_t size[2];
  std::uint8_t flip;
};

const py::dtype& view_dtype() {
  static const auto* dtype =
      new py::dtype(struct_dtype<ViewRow>({{"box", "(4,)f8", offsetof(ViewRow, box)},
                                           {"bounds", "(4,)i4", offsetof(ViewRow, bounds)},
                                           {"size", "(2,)i4", offsetof(ViewRow, size)},
                                           {"flip", "u1", offsetof(ViewRow, flip)}}));
  return *dtype;
}

template <class T>
const T* rows_of(const py::array& array, const py::dtype& dtype, std::size_t count, const std::string& name) {
  if (!array.dtype().equal(dtype) || array.ndim() != 1 || static_cast<std::size_t>(array.size()) != count ||
      (array.flags() & py::array::c_style) == 0)
    throw py::value_error(name + ": expected a contiguous [" + std::to_string(count) +
                          "] of its own dtype, got [" + std::to_string(array.size()) + "] of " +
                          py::str(array.dtype()).cast<std::string>());
  return static_cast<const T*>(array.data());
}

[[noreturn]] void refuse(std::size_t row, const std::string& what) {
  throw py::value_error(what + " (row " + std::to_string(row) + ")");
}

void check_info(const Info& info, std::size_t row) {
  if (info.width < 1 || info.height < 1 || info.orientation < 1 || info.orientation > 8)
    refuse(row, "infos: expected a size of at least 1x1 and an orientation from 1 to 8, got " +
                    std::to_string(info.width) + "x" + std::to_string(info.height) + " and " +
                    std::to_string(info.orientation));
}

View checked_view(const ViewRow& row, const Info& info, std::size_t j) {
  const bool turned = info.orientation >= 5;
  const std::int64_t image_width = turned ? info.height : info.width,
                     image_height = turned ? info.width : info.height;
  const std::int64_t x = row.bounds[0], y = row.bounds[1], width = row.bounds[2], height = row.bounds[3];
  if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > image_width || y + height > image_height)
    refuse(j, "views: expected bounds inside the image of " + std::to_string(image_width) + "x" +
                  std::to_string(image_height) + ", got " + std::to_string(width) + "x" +
                  std::to_string(height) + " at " + std::to_string(x) + ", " + std::to_string(y));
  constexpr double kSlack = 1e-3;  // of rounding, in samples
  const Box box{row.box[0], row.box[1], row.box[2], row.box[3]};
  const bool inside = box.x >= x - kSlack && box.y >= y - kSlack && box.x + box.width <= x + width + kSlack &&
                      box.y + box.height <= y + height + kSlack;
  if (!(inside && box.width > 0 && box.height > 0))
    refuse(j, "views: expected a box inside its bounds, got " + std::to_string(box.width) + "x" +
                  std::to_string(box.height) + " at " + std::to_string(box.x) + ", " + std::to_string(box.y));
  View view;
  view.box = box;
  view.bounds = {row.bounds[0], row.bounds[1], row.bounds[2], row.bounds[3]};
  view.height = row.size[0];
  view.width = row.size[1];
  view.flip = row.flip != 0;
  return view;
}

// Where each of `count` images of one output is written.
class Destination {
 public:
  Destination(const py::object& object, const Output& output, std::size_t count) {
    together_ = py::isinstance<PooledArray>(object);
    if (together_) {
      arrays_.push_back(object.cast<PooledArray&>());
      const std::vector<std::int64_t>& shape = arrays_[0].shape;
      if (shape.size() != 4 || shape[0] != static_cast<std::int64_t>(count))
        throw py::value_error("destinations: expected a [" + std::to_string(count) +
                              ", 3, H, W] array or one array per row");
    } else {
      for (py::handle array : object) arrays_.push_back(array.cast<PooledArray&>());
      if (arrays_.size() != count)
        throw py::value_error("destinations: expected " + std::to_string(count) +
                              " arrays, one per row, got " + std::to_string(arrays_.size()));
    }
    for (const PooledArray& array : arrays_)
      if (array.dtype != output.dtype || array.channels_last != (output.layout == Layout::nhwc))
        throw py::value_error("destinations: expected arrays of the dtype and layout of their output, got " +
                              std::string(dtype_name(array.dtype)));
  }

  void* image(std::size_t j, const View& view) const {
    const PooledArray& array = arrays_[together_ ? 0 : j];
    const std::int64_t* chw = array.shape.data() + (array.shape.size() - 3);
    if (together_ != (array.shape.size() == 4) || chw[0] != 3 || chw[1] != view.height ||
        chw[2] != view.width || view.height < 1 || view.width < 1)
      refuse(j, "destinations: expected room for 3x" + std::to_string(view.height) + "x" +
                    std::to_string(view.width) + ", as its view says, got " + std::to_string(chw[0]) + "x" +
                    std::to_string(chw[1]) + "x" + std::to_string(chw[2]));
    return array.memory.get() +
           (together_ ? j * (array.nbytes / static_cast<std::size_t>(array.shape[0])) : 0);
  }

 private:
  bool together_;                    // in one array, the rows of which are the images
  std::vector<PooledArray> arrays_;  // copies, so that the memory stays while the GIL is not held
};

struct Request {
  const Encoded& encoded;
  const Info* infos;
  std::vector<std::size_t> positions;
  std::vector<const ViewRow*> views;
  std::vector<Output> outputs;
  std::vector<Destination> destinations;
};

std::vector<Job> jobs_of(const Request& request) {
  std::vector<Job> jobs(request.positions.size());
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    Job& job = jobs[j];
    job.bytes = request.encoded[request.positions[j]];
    job.info = request.infos[request.positions[j]];
    check_info(job.info, j);
    job.placements.reserve(request.outputs.size());
    for (std::size_t k = 0; k < request.outputs.size(); ++k) {
      const View view = checked_view(request.views[k][j], job.info, j);
      job.placements.push_back({view, request.destinations[k].image(j, view)});
    }
  }
  return jobs;
}

Failures decode(const Encoded& encoded, const py::array& infos, const Array<std::int64_t>& rows,
                const py::sequence& views, const py::sequence& outputs, const py::sequence& destinations,
                bool exact, int num_threads) {
  const std::size_t count = outputs.size();
  if (views.size() != count || destinations.size() != count)
    throw py::value_error("views, outputs, destinations: expected the same number of each, got " +
                          std::to_string(views.size()) + ", " + std::to_string(count) + " and " +
                          std::to_string(destinations.size()));
  Request request{encoded,
                  rows_of<Info>(infos, info_dtype(), encoded.size(), "infos"),
                  positions_of(rows, encoded.size()),
                  {},
                  {},
                  {}};
  std::vector<py::array> held;  // the views, while they are read
  for (std::size_t k = 0; k < count; ++k) {
    held.push_back(py::object(views[k]).cast<py::array>());
    request.views.push_back(rows_of<ViewRow>(held[k], view_dtype(), request.positions.size(),
                                             "views[" + std::to_string(k) + "]"));
    request.outputs.push_back(py::object(outputs[k]).cast<OutputSpec&>().native);
    request.destinations.emplace_back(destinations[k], request.outputs[k], request.positions.size());
  }
  const std::vector<Job> jobs = jobs_of(request);
  const BatchOptions options{exact ? Fidelity::exact : Fidelity::fast, checked_threads(num_threads)};
  std::vector<Status> statuses;
  without_gil([&] { statuses = run_batch(jobs, request.outputs, options); });
  return failures_of(statuses);
}

}  // namespace

std::vector<std::size_t> positions_of(const Array<std::int64_t>& rows, std::size_t count) {
  if (rows.ndim() != 1)
    throw py::value_error("rows: expected [m] positions, got " + std::to_string(rows.ndim()) + " dimensions");
  std::vector<std::size_t> positions(static_cast<std::size_t>(rows.size()));
  for (std::size_t j = 0; j < positions.size(); ++j) {
    const std::int64_t row = rows.data()[j];
    if (row < 0 || static_cast<std::uint64_t>(row) >= count)
      refuse(j,
             "rows: expected positions from 0 to " + std::to_string(count) + ", got " + std::to_string(row));
    positions[j] = static_cast<std::size_t>(row);
  }
  return positions;
}

void bind_decode(py::module_& module) {
  module.attr("VIEW_DTYPE") = view_dtype();
  module.def("decode", decode, py::arg("encoded"), py::arg("infos"), py::arg("rows"), py::arg("views"),
             py::arg("outputs"), py::arg("destinations"), py::arg("exact") = false,
             py::arg("num_threads") = 0);
}

}  // namespace slip::python
