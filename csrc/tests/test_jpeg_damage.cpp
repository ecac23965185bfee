// JPEGs that are cut, overwritten or lie about themselves.
#include <algorithm>
#include <cstring>
#include <string>

#include "check.h"
#include "jpegs.h"
#include "segments.h"
#include "slip/decode.h"
#include "slip/jpeg/baseline.h"
#include "slip/jpeg/markers.h"
#include "slip/jpeg/turbo.h"

namespace {

using slip::Code;
using slip::Rect;
using File = std::vector<std::uint8_t>;
using segments::find_segment;
using segments::ordinary;

slip::Status decode_whole(const File& file) {
  slip::Info info;
  if (slip::Status status = slip::read_info(jpegs::bytes(file), info); !status.ok()) return status;
  slip::Arena arena;
  slip::Planes planes;
  return slip::decode_planes(jpegs::bytes(file), {0, 0, info.width, info.height}, arena, planes);
}

// Where the entropy-coded data of the first scan begins.
std::size_t find_scan_data(const File& jpeg) {
  slip::jpeg::Segments segments(jpegs::bytes(jpeg));
  slip::jpeg::Segment segment;
  while (segments.next(segment)) continue;
  return segments.position();
}

File with_bytes(File file, std::size_t position, const File& bytes) {
  std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(position));
  return file;
}

File with_inserted(File file, std::size_t position, const File& bytes) {
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(position), bytes.begin(), bytes.end());
  return file;
}

}  // namespace

TEST(oddities_that_lose_nothing_are_accepted) {
  for (bool progressive : {false, true}) {
    jpegs::Recipe recipe;
    recipe.width = recipe.height = 64;
    recipe.progressive = progressive;
    const File jpeg = jpegs::make(recipe);
    CHECK(decode_whole(jpeg).ok());
    CHECK(decode_whole(with_inserted(jpeg, find_segment(jpeg, 0xDB) - 4, {1, 2, 3})).ok());
    CHECK(decode_whole(with_inserted(jpeg, jpeg.size() - 2, {1, 2, 3})).ok());
    CHECK(decode_whole(with_inserted(jpeg, jpeg.size(), {1, 2, 3})).ok());
    CHECK(decode_whole(with_inserted(jpeg, 2, {0xFF, 0xE2, 0, 0})).ok());
  }
  File endless = ordinary();
  endless.resize(endless.size() - 2);
  CHECK(decode_whole(endless).ok());
}

TEST(markers_inside_the_data_are_a_failure) {
  const File jpeg = ordinary(64, 64);
  const std::size_t middle = (find_scan_data(jpeg) + jpeg.size()) / 2;
  CHECK(decode_whole(with_bytes(jpeg, middle, {0xFF, 0xD9})).code == Code::truncated);
  CHECK(decode_whole(with_bytes(jpeg, middle, {0xFF, 0xE5})).code == Code::corrupt);
}

TEST(a_lost_restart_interval_is_corrupt) {
  jpegs::Recipe recipe;
  recipe.width = recipe.height = 64;
  recipe.restart = 2;
  File jpeg = jpegs::make(recipe);
  CHECK(decode_whole(jpeg).ok());
  const std::size_t start = find_scan_data(jpeg);
  const auto find = [&](std::uint8_t marker) {
    std::size_t at = start;
    while (jpeg[at] != 0xFF || jpeg[at + 1] != marker) ++at;
    return jpeg.begin() + static_cast<std::ptrdiff_t>(at);
  };
  jpeg.erase(find(0xD1), find(0xD2));
  CHECK(decode_whole(jpeg).code == Code::corrupt);
}

TEST(a_file_that_ends_early_is_truncated) {
  for (bool progressive : {false, true}) {
    jpegs::Recipe recipe;
    recipe.width = recipe.height = 64;
    recipe.progressive = progressive;
    const File jpeg = jpegs::make(recipe);
    CHECK(decode_whole(jpeg).ok());
    for (std::size_t size = 3; size + 40 < jpeg.size(); ++size) {
      const File part(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(size));
      const slip::Status status = decode_whole(part);
      if (status.code != Code::truncated) {
        check::fail(__FILE__, __LINE__, std::to_string(size) + " bytes: " + status.reason);
      }
    }
  }
}

TEST(rows_above_the_damage_are_decoded) {
  const File jpeg = ordinary(64, 256);
  const File half(jpeg.begin(), jpeg.begin() + static_cast<std::ptrdiff_t>(jpeg.size() / 2));
  slip::Arena arena;
  slip::Planes planes;
  CHECK(slip::decode_planes(jpegs::bytes(half), {0, 0, 64, 32}, arena, planes).ok());
  CHECK(slip::decode_planes(jpegs::bytes(half), {0, 224, 64, 32}, arena, planes).code == Code::truncated);
}

TEST(a_lying_size_is_truncated_before_much_memory_is_taken) {
  for (bool progressive : {false, true}) {
    jpegs::Recipe recipe;
    recipe.progressive = progressive;
    File jpeg = jpegs::make(recipe);
    const std::size_t frame = find_segment(jpeg, progressive ? 0xC2 : 0xC0);
    std::fill_n(jpeg.begin() + static_cast<std::ptrdiff_t>(frame) + 1, 4, std::uint8_t{0xEA});
    slip::Info info;
    CHECK(slip::read_info(jpegs::bytes(jpeg), info).ok());
    CHECK_EQ(info.width, 0xEAEA);
    slip::Arena arena;
    slip::Planes planes;
    const Code code = slip::decode_planes(jpegs::bytes(jpeg), {0, 30000, 100, 100}, arena, planes).code;
    CHECK(code == Code::truncated);
  }
}

TEST(a_file_without_its_own_tables_never_gets_those_of_another) {
  const File jpeg = ordinary();
  File bare = jpeg;
  const std::size_t quant = find_segment(bare, 0xDB);
  bare[quant - 3] = 0xFE;  // a comment now
  CHECK(decode_whole(jpeg).ok());
  CHECK(!decode_whole(bare).ok());
}

// Whatever becomes of damaged files: no crash, and where libjpeg decodes them, the same samples.
TEST(damaged_files_decode_as_by_libjpeg_or_fail) {
  std::mt19937 random(17);
  for (int kind = 0; kind < 6; ++kind) {
    jpegs::Recipe recipe;
    recipe.width = 60;
    recipe.height = 50;
    recipe.progressive = kind == 4;
    recipe.restart = kind == 1 || kind == 5 ? 2 : 0;
    if (kind == 2) recipe.h[0] = recipe.v[0] = 1;
    if (kind == 3) recipe.pixels = recipe.stored = JCS_GRAYSCALE;
    const File jpeg = jpegs::make(recipe);
    for (int i = 0; i < 3000; ++i) {
      File changed = jpeg;
      const int changes = 1 + static_cast<int>(random() % 3);
      const std::size_t from = i % 2 == 0 ? 2 : jpeg.size() / 2;
      for (int j = 0; j < changes; ++j) {
        changed[from + random() % (changed.size() - from)] =
            static_cast<std::uint8_t>(random() % 3 == 0 ? 0xFF : random());
      }
      if (i % 5 == 0) changed.resize(2 + random() % changed.size());
      slip::Info info;
      if (!slip::read_info(jpegs::bytes(changed), info).ok() || info.encoding == slip::Encoding::foreign)
        continue;
      if (info.width > 4096 || info.height > 4096) continue;
      // What lies right of the region in its last row is not looked at, so libjpeg may object there.
      const bool to_the_right = i % 3 != 0;
      const int x = info.width / 3, width = to_the_right ? info.width - x : std::max(1, info.width / 2);
      const Rect region{x, info.height / 3, width, std::max(1, info.height / 3)};
      slip::Arena arena;
      slip::Planes own, theirs;
      if (!slip::jpeg::decode_baseline(jpegs::bytes(changed), region, arena, own)) {
        (void)slip::jpeg::decode_by_turbo(jpegs::bytes(changed), region, arena, theirs).ok();
        continue;
      }
      const slip::Status status = slip::jpeg::decode_by_turbo(jpegs::bytes(changed), region, arena, theirs);
      CHECK(status.ok() || !to_the_right);
      if (!status.ok()) continue;
      bool same = own.model == theirs.model && own.count == theirs.count;
      for (int c = 0; c < own.count && same; ++c) {
        const slip::Plane &a = own.plane[c], &b = theirs.plane[c];
        same &= a.h == b.h && a.v == b.v && a.region.y == b.region.y && a.region.height == b.region.height;
        for (int y = 0; y < a.region.height && same; ++y) {
          same = std::memcmp(a.data + y * a.stride, b.data + y * b.stride + a.region.x,
                             static_cast<std::size_t>(a.region.width)) == 0;
        }
      }
      CHECK(same);
    }
  }
}
