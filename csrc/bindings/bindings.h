// What the files of the Python extension share. This directory is the only place where pybind11 appears.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <unistd.h>

#include <exception>
#include <string>
#include <tuple>
#include <vector>

#include "slip/pool.h"
#include "slip/simd.h"
#include "slip/status.h"

namespace slip::python {

namespace py = pybind11;

template <class T>
using Array = py::array_t<T, py::array::c_style>;

struct FieldSpec {
  const char* name;
  const char* format;
  std::size_t offset;
};

// The numpy dtype that lies in memory as T does.
template <class T>
py::dtype struct_dtype(std::initializer_list<FieldSpec> fields) {
  py::list names, formats, offsets;
  for (const FieldSpec& field : fields) {
    names.append(field.name);
    formats.append(field.format);
    offsets.append(field.offset);
  }
  return py::dtype(names, formats, offsets, sizeof(T));
}

// (position, code, reason) of each job that failed.
using Failures = std::vector<std::tuple<int, int, std::string>>;

inline Failures failures_of(const std::vector<Status>& statuses) {
  Failures failures;
  for (std::size_t i = 0; i < statuses.size(); ++i)
    if (!statuses[i].ok())
      failures.emplace_back(static_cast<int>(i), static_cast<int>(statuses[i].code), statuses[i].reason);
  return failures;
}

// The number of threads to use, once the environment has been found to make sense: what is wrong with it must
// be raised here and not in a worker.
inline int checked_threads(int num_threads) {
  simd_level();
  if (num_threads < 0)
    throw py::value_error("num_threads: expected at least 0, got " + std::to_string(num_threads) +
                          "; 0 means automatic");
  return num_threads > 0 ? num_threads : default_num_threads();
}

// Runs `work` without the GIL. A thread that comes back while the interpreter ends is stopped by Python,
// which until 3.14 unwinds it through the C++ frames below and so ends in std::terminate: such a thread
// sleeps here until the process is gone.
template <class Work>
void without_gil(Work&& work) {
  PyThreadState* state = PyEval_SaveThread();
  std::exception_ptr failure;
  try {
    work();
  } catch (...) {
    failure = std::current_exception();
  }
  try {
    PyEval_RestoreThread(state);
  } catch (...) {
    for (;;) pause();
  }
  if (failure) std::rethrow_exception(failure);
}

// One per concept.
void bind_system(py::module_& module);
void bind_encoded(py::module_& module);
void bind_arrays(py::module_& module);
void bind_outputs(py::module_& module);
void bind_decode(py::module_& module);
void bind_records(py::module_& module);
void bind_dct(py::module_& module);
void bind_random(py::module_& module);

}  // namespace slip::python
