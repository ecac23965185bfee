// Runs decode and render over a batch on the thread pool: one job a sample, one status a job.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/render.h"
#include "slip/status.h"

namespace slip {

// One output of one sample.
struct Placement {
  View view;
  void* destination = nullptr;
};

// A sample is decoded once, over the union of what its placements need, and rendered once per placement.
struct Job {
  Bytes bytes;
  Info info;
  std::vector<Placement>
      placements;  // one per output of run_batch; placements[k] is written as outputs[k] says
};

struct BatchOptions {
  Fidelity fidelity = Fidelity::fast;
  int num_threads = 0;  // 0: default_num_threads()
};

// The bytes of one image as `output` writes it.
std::size_t image_bytes(const Output& output, const View& view);

// Calls body(i, arena) for every i in [0, count) on the pool, with an empty arena of the calling thread, and
// returns what became of each; an exception becomes the status of its job.
std::vector<Status> run_each(int count, int num_threads, const std::function<Status(int, Arena&)>& body);

// statuses[i] tells what became of jobs[i]; the outputs of a failed job are left filled with zeros (black
// before normalisation).
std::vector<Status> run_batch(const std::vector<Job>& jobs, const std::vector<Output>& outputs,
                              const BatchOptions& options);

}  // namespace slip
