// JPEGs to dct records and back, and the entropy tables that records name.
#include "slip/dct/dct.h"

#include <algorithm>
#include <optional>

#include "bindings/encoded.h"
#include "slip/batch.h"
#include "slip/dct/encode.h"
#include "slip/dct/tables.h"
#include "slip/dct/train.h"

namespace slip::python {
namespace {

dct::Packing packing_named(const std::string& name) {
  if (name == "compact") return dct::Packing::compact;
  if (name == "wide") return dct::Packing::wide;
  throw py::value_error("packing: expected compact or wide, got " + name);
}

std::pair<py::list, Failures> to_dct(const Encoded& encoded, const Array<std::int64_t>& rows,
                                     const std::string& packing,
                                     const std::optional<std::uint64_t>& tables_id, bool keep_icc,
                                     bool keep_exif, int num_threads) {
  const dct::Packing wanted = packing_named(packing);
  const dct::TablesPtr tables = tables_id ? dct::find_tables(*tables_id) : dct::builtin_tables(wanted);
  if (tables == nullptr || tables->model().packing != wanted) {
    throw py::value_error("tables: expected the id of registered tables of packing " + packing);
  }
  const dct::KeepMarkers keep{keep_icc, keep_exif};
  return make_files(encoded, rows, num_threads, [&](Bytes jpeg, Arena&, File& record) {
    return dct::transcode(jpeg, keep, *tables, record);
  });
}

std::pair<py::list, Failures> from_dct(const Encoded& encoded, const Array<std::int64_t>& rows,
                                       int num_threads) {
  return make_files(encoded, rows, num_threads, [](Bytes record, Arena&, File& jpeg) {
    dct::Coefficients coefficients;
    if (Status s = dct::decode_coefficients(record, coefficients); !s.ok()) return s;
    return dct::write_jpeg(coefficients, jpeg);
  });
}

// Reads the JPEGs in parallel, some at a time, and visits those that a record can hold in order.
template <class Visit>
void visit_coefficients(const Encoded& encoded, int threads, Visit&& visit) {
  const std::size_t step = static_cast<std::size_t>(threads) * 4;
  std::vector<dct::Coefficients> read(step);
  for (std::size_t first = 0; first < encoded.size(); first += step) {
    const std::size_t count = std::min(step, encoded.size() - first);
    const std::vector<Status> statuses = run_each(static_cast<int>(count), threads, [&](int j, Arena&) {
      const auto at = static_cast<std::size_t>(j);
      return dct::read_jpeg(encoded[first + at], {}, read[at]);
    });
    for (std::size_t j = 0; j < count; ++j) {
      if (statuses[j].ok()) visit(read[j]);
    }
  }
}

py::bytes train_tables(const Encoded& encoded, const std::string& packing, int num_threads) {
  dct::Trainer trainer(packing_named(packing));
  const int threads = checked_threads(num_threads);
  File bytes;
  without_gil([&] {
    if (packing == "compact") {
      visit_coefficients(encoded, threads, [&](const dct::Coefficients& c) { trainer.count_vectors(c); });
      trainer.choose_codebooks();
    }
    visit_coefficients(encoded, threads, [&](const dct::Coefficients& c) { trainer.count_symbols(c); });
    bytes = dct::serialise(trainer.finish());
  });
  return to_bytes(bytes);
}

std::uint64_t register_tables(const py::object& bytes) {
  const HeldBuffer buffer(bytes);
  dct::TablesPtr tables;
  if (Status s = dct::register_tables(buffer.bytes(), tables); !s.ok()) throw py::value_error(s.reason);
  return tables->id();
}

py::bytes builtin_tables(const std::string& packing) {
  return to_bytes(dct::builtin_tables(packing_named(packing))->bytes());
}

std::uint64_t builtin_tables_id(const std::string& packing) {
  return dct::builtin_tables(packing_named(packing))->id();
}

}  // namespace

void bind_dct(py::module_& module) {
  module.def("to_dct", to_dct, py::arg("encoded"), py::arg("rows"), py::arg("packing") = "compact",
             py::arg("tables") = py::none(), py::arg("keep_icc") = true, py::arg("keep_exif") = false,
             py::arg("num_threads") = 0);
  module.def("from_dct", from_dct, py::arg("encoded"), py::arg("rows"), py::arg("num_threads") = 0);
  module.def("train_tables", train_tables, py::arg("encoded"), py::arg("packing") = "compact",
             py::arg("num_threads") = 0);
  module.def("register_tables", register_tables, py::arg("tables"));
  module.def("builtin_tables", builtin_tables, py::arg("packing"));
  module.def("builtin_tables_id", builtin_tables_id, py::arg("packing") = "compact");
}

}  // namespace slip::python
