// A batch of encoded images: pointers into Python's buffers.
#pragma once

#include <memory>

#include "bindings/bindings.h"
#include "slip/batch.h"
#include "slip/image.h"

namespace slip::python {

// A buffer of a Python object, held until this dies, which must be with the GIL held.
class HeldBuffer {
 public:
  // Raises what the object raises where it has no contiguous buffer.
  explicit HeldBuffer(py::handle object);
  HeldBuffer(HeldBuffer&& other) noexcept : view_(other.view_) { other.view_.obj = nullptr; }
  HeldBuffer(const HeldBuffer&) = delete;
  HeldBuffer& operator=(const HeldBuffer&) = delete;
  ~HeldBuffer() { PyBuffer_Release(&view_); }

  Bytes bytes() const {
    return {static_cast<const std::uint8_t*>(view_.buf), static_cast<std::size_t>(view_.len)};
  }
  // A read-only view of a part of it as unsigned bytes, which keeps the object alive.
  py::object part(Bytes part) const;

 private:
  Py_buffer view_;
};

class Encoded {
 public:
  Encoded() = default;
  Encoded(Encoded&&) = default;
  Encoded(const Encoded&) = delete;
  static Encoded from_buffers(const py::sequence& buffers);
  static Encoded from_shards(const py::sequence& shards, const Array<std::uint32_t>& shard,
                             const Array<std::uint64_t>& offset, const Array<std::uint64_t>& size);

  std::size_t size() const { return records_.size(); }
  Bytes operator[](std::size_t i) const { return records_[i].bytes; }
  py::object memory(py::ssize_t index) const;

 private:
  struct Record {
    Bytes bytes;
    std::uint32_t buffer;
  };
  std::vector<HeldBuffer> buffers_;
  std::vector<Record> records_;
};

// Positions in a batch of `count`. Raises ValueError naming the first that is not.
std::vector<std::size_t> positions_of(const Array<std::int64_t>& rows, std::size_t count);

using File = std::vector<std::uint8_t>;

inline py::bytes to_bytes(const File& file) {
  return py::bytes(reinterpret_cast<const char*>(file.data()), file.size());
}

// Calls make(bytes, arena, file) for every row on the pool. Returns the files, b"" for those that failed.
template <class Make>
std::pair<py::list, Failures> make_files(const Encoded& encoded, const Array<std::int64_t>& rows,
                                         int num_threads, Make&& make) {
  const std::vector<std::size_t> positions = positions_of(rows, encoded.size());
  std::vector<File> files(positions.size());
  std::vector<Status> statuses;
  const int threads = checked_threads(num_threads);
  without_gil([&] {
    statuses = run_each(static_cast<int>(positions.size()), threads, [&](int j, Arena& arena) {
      const auto at = static_cast<std::size_t>(j);
      return make(encoded[positions[at]], arena, files[at]);
    });
  });
  py::list out;
  for (std::size_t j = 0; j < files.size(); ++j) {
    if (!statuses[j].ok()) files[j].clear();
    out.append(to_bytes(files[j]));
  }
  return {out, failures_of(statuses)};
}

// The structured dtype of slip::Info.
const py::dtype& info_dtype();

}  // namespace slip::python
