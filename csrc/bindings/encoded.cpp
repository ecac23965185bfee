#include "bindings/encoded.h"

#include <cstring>

#include "slip/batch.h"
#include "slip/crc32c.h"
#include "slip/decode.h"

namespace slip::python {

HeldBuffer::HeldBuffer(py::handle object) {
  if (PyObject_GetBuffer(object.ptr(), &view_, PyBUF_SIMPLE) != 0) throw py::error_already_set();
}

py::object HeldBuffer::part(Bytes part) const {
  if (part.size == 0) return py::memoryview(py::bytes());
  py::object whole = py::memoryview(py::reinterpret_borrow<py::object>(view_.obj));
  const Py_buffer& shape = *PyMemoryView_GET_BUFFER(whole.ptr());
  const bool plain = shape.ndim == 1 && shape.itemsize == 1 && std::strcmp(shape.format, "B") == 0;
  if (!plain) whole = whole.attr("cast")("B");
  if (!shape.readonly) whole = whole.attr("toreadonly")();
  if (part.size == bytes().size) return whole;
  const auto begin = static_cast<py::ssize_t>(part.data - bytes().data);
  return whole[py::slice(begin, begin + static_cast<py::ssize_t>(part.size), 1)];
}

namespace {

// The buffers of a sequence's items; TypeError names the first item that has none.
std::vector<HeldBuffer> hold_all(const py::sequence& objects, const char* name) {
  const py::object fast =
      py::reinterpret_steal<py::object>(PySequence_Fast(objects.ptr(), "expected a sequence of buffers"));
  if (!fast) throw py::error_already_set();
  const py::ssize_t count = PySequence_Fast_GET_SIZE(fast.ptr());
  std::vector<HeldBuffer> held;
  held.reserve(static_cast<std::size_t>(count));
  for (py::ssize_t i = 0; i < count; ++i) {
    const py::handle object = PySequence_Fast_GET_ITEM(fast.ptr(), i);
    try {
      held.emplace_back(object);
    } catch (py::error_already_set& error) {
      const std::string what = std::string(name) + "[" + std::to_string(i) +
                               "]: expected a contiguous buffer such as bytes, got " +
                               Py_TYPE(object.ptr())->tp_name + "; do pass encoded bytes";
      py::raise_from(error, PyExc_TypeError, what.c_str());
      throw py::error_already_set();
    }
  }
  return held;
}

}  // namespace

Encoded Encoded::from_buffers(const py::sequence& buffers) {
  Encoded encoded;
  encoded.buffers_ = hold_all(buffers, "buffers");
  encoded.records_.reserve(encoded.buffers_.size());
  for (const HeldBuffer& buffer : encoded.buffers_)
    encoded.records_.push_back({buffer.bytes(), static_cast<std::uint32_t>(encoded.records_.size())});
  return encoded;
}

Encoded Encoded::from_shards(const py::sequence& shards, const Array<std::uint32_t>& shard,
                             const Array<std::uint64_t>& offset, const Array<std::uint64_t>& size) {
  if (shard.ndim() != 1 || offset.ndim() != 1 || size.ndim() != 1 || offset.size() != shard.size() ||
      size.size() != shard.size())
    throw py::value_error("shard, offset, size: expected three arrays of one length, got " +
                          std::to_string(shard.size()) + ", " + std::to_string(offset.size()) + " and " +
                          std::to_string(size.size()) + " values");
  Encoded encoded;
  encoded.buffers_ = hold_all(shards, "shards");
  const auto count = static_cast<std::size_t>(shard.size());
  encoded.records_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t which = shard.data()[i];
    const std::uint64_t from = offset.data()[i], length = size.data()[i];
    const std::uint64_t room = which < encoded.buffers_.size() ? encoded.buffers_[which].bytes().size : 0;
    if (which >= encoded.buffers_.size() || from > room || length > room - from)
      throw py::value_error("record " + std::to_string(i) + ": expected " + std::to_string(length) +
                            " bytes at " + std::to_string(from) + " of shard " + std::to_string(which) +
                            ", got a shard of " + std::to_string(room) + " bytes; do build the cache again");
    encoded.records_.push_back({{encoded.buffers_[which].bytes().data + from, length}, which});
  }
  return encoded;
}

py::object Encoded::memory(py::ssize_t index) const {
  const auto count = static_cast<py::ssize_t>(records_.size());
  const py::ssize_t i = index < 0 ? index + count : index;
  if (i < 0 || i >= count)
    throw py::index_error("index: expected one below " + std::to_string(count) + ", got " +
                          std::to_string(index));
  const Record& record = records_[static_cast<std::size_t>(i)];
  return buffers_[record.buffer].part(record.bytes);
}

namespace {

Array<std::uint32_t> checksums(const Encoded& encoded, int num_threads) {
  Array<std::uint32_t> sums(static_cast<py::ssize_t>(encoded.size()));
  std::uint32_t* out = sums.mutable_data();
  const int threads = checked_threads(num_threads);
  without_gil([&] {
    parallel_for(static_cast<int>(encoded.size()), threads,
                 [&](int i) { out[i] = crc32c(encoded[static_cast<std::size_t>(i)]); });
  });
  return sums;
}

std::pair<py::array, Failures> probe(const Encoded& encoded, int num_threads) {
  std::vector<Info> infos(encoded.size());
  std::vector<Status> statuses;
  const int threads = checked_threads(num_threads);
  without_gil([&] {
    statuses = run_each(static_cast<int>(encoded.size()), threads, [&](int i, Arena&) {
      const auto at = static_cast<std::size_t>(i);
      return read_info(encoded[at], infos[at]);
    });
  });
  return {py::array(info_dtype(), static_cast<py::ssize_t>(infos.size()), infos.data()),
          failures_of(statuses)};
}

}  // namespace

const py::dtype& info_dtype() {
  static_assert(sizeof(Info) == 12, "the names below are all of Info");
  static const auto* dtype =
      new py::dtype(struct_dtype<Info>({{"encoding", "u1", offsetof(Info, encoding)},
                                        {"orientation", "u1", offsetof(Info, orientation)},
                                        {"width", "i4", offsetof(Info, width)},
                                        {"height", "i4", offsetof(Info, height)}}));
  return *dtype;
}

void bind_encoded(py::module_& module) {
  py::class_<Encoded>(module, "Encoded")
      .def_static("from_buffers", &Encoded::from_buffers, py::arg("buffers"))
      .def_static("from_shards", &Encoded::from_shards, py::arg("shards"), py::arg("shard"),
                  py::arg("offset"), py::arg("size"))
      .def("__len__", &Encoded::size)
      .def("__getitem__", &Encoded::memory, py::arg("index"))
      .def("crc32c", checksums, py::arg("num_threads") = 0)
      .def("probe", probe, py::arg("num_threads") = 0);
  module.attr("INFO_DTYPE") = info_dtype();
}

}  // namespace slip::python
