// Random draws, crops and orders.
#include "slip/random.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "bindings/bindings.h"
#include "slip/crops.h"
#include "slip/permutation.h"

namespace slip::python {
namespace {

using Words = Array<std::uint64_t>;

void check_length(const py::array& values, const char* name, py::ssize_t expected) {
  if (values.ndim() == 1 && values.size() == expected) return;
  throw py::value_error(std::string(name) + ": expected [" + std::to_string(expected) +
                        "], one per identity, got " + std::to_string(values.size()) + " values in " +
                        std::to_string(values.ndim()) + " dimensions");
}

std::vector<Stream> streams_of(std::uint64_t key, const Words& epoch, const Words& identity) {
  check_length(identity, "identity", identity.size());
  check_length(epoch, "epoch", identity.size());
  std::vector<Stream> streams(static_cast<std::size_t>(identity.size()));
  for (std::size_t i = 0; i < streams.size(); ++i) {
    if (epoch.data()[i] > std::numeric_limits<std::uint32_t>::max())
      throw py::value_error("epoch: expected numbers below 2**32, got " + std::to_string(epoch.data()[i]));
    streams[i] = {key, identity.data()[i], static_cast<std::uint32_t>(epoch.data()[i])};
  }
  return streams;
}

Array<double> uniform(std::uint64_t key, const Words& epoch, const Words& identity, py::ssize_t count) {
  if (count < 0) throw py::value_error("count: expected at least 0, got " + std::to_string(count));
  const std::vector<Stream> streams = streams_of(key, epoch, identity);
  Array<double> draws({static_cast<py::ssize_t>(streams.size()), count});
  double* out = draws.mutable_data();
  for (const Stream& stream : streams)
    for (py::ssize_t draw = 0; draw < count; draw += 2) {
      const auto pair = stream.uniform_pair(static_cast<std::uint32_t>(draw / 2));
      *out++ = pair[0];
      if (draw + 1 < count) *out++ = pair[1];
    }
  return draws;
}

void check_range(const std::array<double, 2>& range, const char* name) {
  if (std::isnormal(range[0]) && range[0] > 0 && range[0] <= range[1] && std::isnormal(range[1])) return;
  throw py::value_error(std::string(name) + ": expected 0 < low <= high, got (" + std::to_string(range[0]) +
                        ", " + std::to_string(range[1]) + ")");
}

Array<std::int32_t> draw_crops(std::uint64_t key, const Words& epoch, const Words& identity,
                               const Array<std::int32_t>& height, const Array<std::int32_t>& width,
                               std::array<double, 2> scale, std::array<double, 2> ratio, bool direct) {
  const std::vector<Stream> streams = streams_of(key, epoch, identity);
  check_length(height, "height", identity.size());
  check_length(width, "width", identity.size());
  check_range(scale, "scale");
  check_range(ratio, "ratio");
  const CropLaw law{scale, ratio, direct};
  Array<std::int32_t> crops({static_cast<py::ssize_t>(streams.size()), py::ssize_t{4}});
  std::int32_t* out = crops.mutable_data();
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const std::int32_t h = height.data()[i], w = width.data()[i];
    if (h < 1 || w < 1)
      throw py::value_error("height, width: expected at least 1, got " + std::to_string(h) + " and " +
                            std::to_string(w) + " (row " + std::to_string(i) + ")");
    const Rect crop = draw_crop(law, streams[i], w, h);
    for (std::int32_t value : {crop.x, crop.y, crop.width, crop.height}) *out++ = value;
  }
  return crops;
}

Array<std::int64_t> permutation(std::int64_t n, std::uint64_t key) {
  if (n < 0) throw py::value_error("n: expected at least 0, got " + std::to_string(n));
  Array<std::int64_t> order(static_cast<py::ssize_t>(n));
  if (n == 0) return order;
  std::int64_t* out = order.mutable_data();
  const int threads = checked_threads(0);
  const Permutation place(static_cast<std::uint64_t>(n), key);
  constexpr std::int64_t kChunk = 1 << 14;
  const auto fill = [&](int chunk) {
    const std::int64_t first = chunk * kChunk;
    place.fill(static_cast<std::uint64_t>(first), static_cast<std::size_t>(std::min(kChunk, n - first)),
               out + first);
  };
  without_gil([&] { parallel_for(static_cast<int>((n + kChunk - 1) / kChunk), threads, fill); });
  return order;
}

}  // namespace

void bind_random(py::module_& module) {
  module.def("uniform", uniform, py::arg("key"), py::arg("epoch"), py::arg("identity"), py::arg("count"));
  module.def("draw_crops", draw_crops, py::arg("key"), py::arg("epoch"), py::arg("identity"),
             py::arg("height"), py::arg("width"), py::arg("scale"), py::arg("ratio"),
             py::arg("direct") = false);
  module.def("permutation", permutation, py::arg("n"), py::arg("key"));
}

}  // namespace slip::python
