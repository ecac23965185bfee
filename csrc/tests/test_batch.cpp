// Batches: the same pixels for any number of threads, one status a job, zeros where a job failed.
#include <cstring>
#include <new>
#include <stdexcept>

#include "check.h"
#include "jpegs.h"
#include "slip/batch.h"
#include "slip/decode.h"
#include "slip/simd.h"

namespace {

using Data = std::vector<std::uint8_t>;

constexpr int kSize = 64;
constexpr std::size_t kImageBytes = std::size_t{3} * kSize * kSize;

slip::Output levels(slip::DType dtype = slip::DType::uint8) {
  const double mean[3] = {0.5, 0.5, 0.5}, std[3] = {0.25, 0.25, 0.25};
  return slip::Output::make(dtype, slip::Layout::nchw, true, mean, std);
}

slip::View view_of(const slip::Rect& crop) {
  slip::View view;
  view.box = {static_cast<double>(crop.x), static_cast<double>(crop.y), static_cast<double>(crop.width),
              static_cast<double>(crop.height)};
  view.bounds = crop;
  view.width = view.height = kSize;
  return view;
}

std::vector<Data> pictures(int count) {
  std::vector<Data> all;
  for (int i = 0; i < count; ++i) {
    jpegs::Recipe recipe;
    recipe.width = 90 + 7 * i;
    recipe.height = 70 + 5 * i;
    all.push_back(jpegs::make(recipe, static_cast<std::uint32_t>(i + 1)));
  }
  return all;
}

slip::Job job_for(const Data& data) {
  slip::Job job;
  job.bytes = jpegs::bytes(data);
  CHECK(slip::read_info(job.bytes, job.info).ok());
  return job;
}

// Each image's centre, into images of `out`.
std::vector<slip::Job> jobs_for(const std::vector<Data>& images, Data& out) {
  out.assign(images.size() * kImageBytes, 0xEE);
  std::vector<slip::Job> jobs;
  for (std::size_t i = 0; i < images.size(); ++i) {
    jobs.push_back(job_for(images[i]));
    const slip::Info& info = jobs[i].info;
    const slip::Rect centre{info.width / 4, info.height / 4, info.width / 2, info.height / 2};
    jobs[i].placements = {{view_of(centre), out.data() + i * kImageBytes}};
  }
  return jobs;
}

bool all_equal(const Data& data, std::size_t from, std::size_t size, std::uint8_t value) {
  for (std::size_t i = from; i < from + size; ++i)
    if (data[i] != value) return false;
  return true;
}

}  // namespace

TEST(pixels_are_the_same_for_any_number_of_threads) {
  const auto images = pictures(12);
  for (slip::Fidelity fidelity : {slip::Fidelity::fast, slip::Fidelity::exact}) {
    Data one;
    for (const slip::Status& status : slip::run_batch(jobs_for(images, one), {levels()}, {fidelity, 1}))
      CHECK(status.ok());
    for (int threads : {2, 4, 8}) {
      Data many;
      slip::run_batch(jobs_for(images, many), {levels()}, {fidelity, threads});
      CHECK(many == one);
    }
  }
}

TEST(a_damaged_image_is_named_and_black_and_harms_no_other) {
  auto images = pictures(5);
  Data good;
  slip::run_batch(jobs_for(images, good), {levels()}, {});
  Data out;
  auto jobs = jobs_for(images, out);
  jobs[2].bytes.size /= 3;  // the header is whole, the data is not
  const auto statuses = slip::run_batch(jobs, {levels()}, {});
  for (std::size_t i = 0; i < 5; ++i) CHECK_EQ(statuses[i].ok(), i != 2);
  CHECK(!statuses[2].reason.empty());
  CHECK(all_equal(out, 2 * kImageBytes, kImageBytes, 0));
  std::memset(good.data() + 2 * kImageBytes, 0, kImageBytes);
  CHECK(out == good);
}

TEST(an_index_that_lies_about_the_size_is_an_error) {
  const auto images = pictures(1);
  Data out;
  auto jobs = jobs_for(images, out);
  jobs[0].info.width += 1;
  const auto smaller = slip::run_batch(jobs, {levels()}, {});
  CHECK(!smaller[0].ok());
  jobs[0].info.width = 60000;  // a region far outside the image
  jobs[0].placements[0].view = view_of({50000, 0, 500, 50});
  const auto outside = slip::run_batch(jobs, {levels()}, {});
  CHECK(!outside[0].ok());
  CHECK(all_equal(out, 0, kImageBytes, 0));
}

TEST(several_placements_decode_once_and_agree_with_one_at_a_time) {
  const auto images = pictures(3);
  const std::vector<slip::Output> outputs{levels(), levels(slip::DType::float32)};
  const slip::Rect crops[2] = {{0, 0, 40, 30}, {33, 21, 50, 45}};
  for (const Data& image : images) {
    Data together[2] = {Data(kImageBytes), Data(4 * kImageBytes)}, alone[2] = {together[0], together[1]};
    slip::Job both = job_for(image);
    for (int k = 0; k < 2; ++k) {
      both.placements.push_back({view_of(crops[k]), together[k].data()});
      slip::Job one = job_for(image);
      one.placements = {{view_of(crops[k]), alone[k].data()}};
      CHECK(slip::run_batch({one}, {outputs[static_cast<std::size_t>(k)]}, {})[0].ok());
    }
    CHECK(slip::run_batch({both}, outputs, {})[0].ok());
    CHECK(together[0] == alone[0]);
    CHECK(together[1] == alone[1]);
  }
}

TEST(an_exception_becomes_the_status_of_its_job) {
  const auto statuses = slip::run_each(3, 2, [](int i, slip::Arena&) -> slip::Status {
    if (i == 1) throw std::bad_alloc();
    if (i == 2) throw std::runtime_error("a reason");
    return {};
  });
  CHECK(statuses[0].ok());
  CHECK(statuses[1].code == slip::Code::out_of_memory);
  CHECK(statuses[2].code == slip::Code::corrupt);
  CHECK_EQ(statuses[2].reason, std::string("a reason"));
}

TEST(nothing_is_asked_and_nothing_happens) {
  CHECK(slip::run_batch({}, {}, {}).empty());
  const auto images = pictures(1);
  CHECK(slip::run_batch({job_for(images[0])}, {}, {})[0].ok());
}
