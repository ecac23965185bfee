// dct records against libjpeg: coefficients, planes, regions, instruction sets.
#include <algorithm>
#include <random>
#include <string>

#include "check.h"
#include "jpegs.h"
#include "slip/dct/dct.h"
#include "slip/dct/encode.h"
#include "slip/dct/train.h"
#include "slip/simd.h"

namespace {

using namespace slip;
using dct::Coefficients;
using dct::Packing;
using File = std::vector<std::uint8_t>;

constexpr int kSamplings[5][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}};
constexpr Packing kPackings[2] = {Packing::compact, Packing::wide};

jpegs::Recipe recipe_of(int width, int height, int sampling, int quality) {
  jpegs::Recipe recipe;
  recipe.width = width;
  recipe.height = height;
  recipe.h[0] = kSamplings[sampling][0];
  recipe.v[0] = kSamplings[sampling][1];
  recipe.quality = quality;
  return recipe;
}

jpegs::Recipe gray(jpegs::Recipe recipe) {
  recipe.pixels = recipe.stored = JCS_GRAYSCALE;
  return recipe;
}

// Images of every kind that a record holds.
std::vector<File> files() {
  std::vector<File> files;
  std::mt19937 random(7);
  const int sizes[] = {1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65, 127, 200};
  std::uint32_t seed = 0;
  for (int sampling = 0; sampling < 5; ++sampling) {
    for (const int width : sizes) {
      jpegs::Recipe recipe =
          recipe_of(width, sizes[random() % 14], sampling, 1 + static_cast<int>(random() % 100));
      recipe.noise = static_cast<double>(random() % 120);
      recipe.restart = static_cast<int>(random() % 4);
      recipe.progressive = random() % 3 == 0;
      recipe.optimise = random() % 2 == 0;
      recipe.markers = random() % 2 == 0;
      files.push_back(jpegs::make(random() % 6 == 0 ? gray(recipe) : recipe, ++seed));
    }
  }
  jpegs::Recipe rgb = recipe_of(61, 45, 0, 95);
  rgb.stored = JCS_RGB;
  files.push_back(jpegs::make(rgb));
  rgb.markers = false;
  files.push_back(jpegs::make(rgb));
  jpegs::Recipe violent = recipe_of(70, 50, 3, 100);
  violent.noise = 400;
  files.push_back(jpegs::make(violent));
  return files;
}

File transcode(const File& jpeg, const dct::Tables& tables) {
  File record;
  const Status status = dct::transcode(jpegs::bytes(jpeg), {}, tables, record);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.reason);
  return record;
}

Coefficients coefficients_of(const File& jpeg) {
  Coefficients coefficients;
  const Status status = dct::read_jpeg(jpegs::bytes(jpeg), {}, coefficients);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.reason);
  return coefficients;
}

bool same(const Coefficients& a, const Coefficients& b) {
  bool equal = a.width == b.width && a.height == b.height && a.model == b.model && a.adobe == b.adobe &&
               a.segments == b.segments && a.components == b.components;
  for (int k = 0; k < a.components && equal; ++k) {
    const auto& x = a.component[k];
    const auto& y = b.component[k];
    equal = x.id == y.id && x.h == y.h && x.v == y.v && a.quant[x.quant] == b.quant[y.quant] &&
            a.blocks[k] == b.blocks[k];
  }
  return equal;
}

dct::TablesPtr tiny_tables(Packing packing, const std::vector<File>& sample) {
  dct::Trainer trainer(packing);
  if (packing == Packing::compact) {
    for (const File& file : sample) trainer.count_vectors(coefficients_of(file));
    trainer.choose_codebooks();
  }
  for (const File& file : sample) trainer.count_symbols(coefficients_of(file));
  const File bytes = dct::serialise(trainer.finish());
  dct::TablesPtr tables;
  const Status status = dct::register_tables(jpegs::bytes(bytes), tables);
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.reason);
  return tables;
}

Status decode(const File& record, const Rect& region, Arena& arena, Planes& planes) {
  return dct::decode_dct_planes(jpegs::bytes(record), region, arena, planes);
}

// Whether `planes` hold at least `region` of every plane of the oracle, with the same samples.
bool shows(const Planes& planes, const std::vector<jpegs::OraclePlane>& oracle, const Rect& region) {
  for (int k = 0; k < planes.count; ++k) {
    const Plane& plane = planes.plane[k];
    const jpegs::OraclePlane& want = oracle[static_cast<std::size_t>(k)];
    if (plane.full_width != want.width || plane.full_height != want.height) return false;
    const Rect& have = plane.region;
    if (have.x * planes.h_max > region.x * plane.h || have.y * planes.v_max > region.y * plane.v)
      return false;
    if (have.right() < std::min(want.width, (region.right() * plane.h + planes.h_max - 1) / planes.h_max))
      return false;
    if (have.bottom() < std::min(want.height, (region.bottom() * plane.v + planes.v_max - 1) / planes.v_max))
      return false;
    for (int y = have.y; y < have.bottom(); ++y) {
      for (int x = have.x; x < have.right(); ++x) {
        if (plane.data[(y - have.y) * plane.stride + x - have.x] != want.at(x, y)) return false;
      }
    }
  }
  return true;
}

}  // namespace

TEST(coefficients_survive_the_record_and_the_way_back_to_jpeg) {
  const std::vector<File> all = files();
  for (const Packing packing : kPackings) {
    const std::vector<dct::TablesPtr> known = {dct::builtin_tables(packing),
                                               tiny_tables(packing, {all[0], all[30]})};
    for (const auto& tables : known) {
      for (const File& file : all) {
        const Coefficients source = coefficients_of(file);
        Coefficients back, again;
        CHECK(dct::decode_coefficients(jpegs::bytes(transcode(file, *tables)), back).ok());
        CHECK(same(source, back));
        File jpeg;
        CHECK(dct::write_jpeg(back, jpeg).ok());
        CHECK(dct::read_jpeg(jpegs::bytes(jpeg), {}, again).ok());
        CHECK(same(source, again));
      }
    }
  }
}

TEST(planes_equal_those_of_libjpeg_for_whole_images_and_regions) {
  std::mt19937 random(3);
  for (const Packing packing : kPackings) {
    for (const File& file : files()) {
      const File record = transcode(file, *dct::builtin_tables(packing));
      const std::vector<jpegs::OraclePlane> oracle = jpegs::oracle(file);
      Info info;
      CHECK(dct::read_dct_info(jpegs::bytes(record), info).ok());
      for (int i = 0; i < 6; ++i) {
        Rect region{0, 0, info.width, info.height};
        if (i > 0) {
          region.x = static_cast<int>(random() % static_cast<unsigned>(info.width));
          region.y = static_cast<int>(random() % static_cast<unsigned>(info.height));
          region.width = 1 + static_cast<int>(random() % static_cast<unsigned>(info.width - region.x));
          region.height = 1 + static_cast<int>(random() % static_cast<unsigned>(info.height - region.y));
        }
        Arena arena;
        Planes planes;
        CHECK(decode(record, region, arena, planes).ok());
        CHECK(shows(planes, oracle, region));
      }
    }
  }
}

TEST(every_instruction_set_gives_the_same_planes) {
  const Simd best = simd_level();
  if (best == Simd::portable) return;
  for (const Packing packing : kPackings) {
    for (const File& file : files()) {
      const File record = transcode(file, *dct::builtin_tables(packing));
      const std::vector<jpegs::OraclePlane> oracle = jpegs::oracle(file);
      Info info;
      CHECK(dct::read_dct_info(jpegs::bytes(record), info).ok());
      const Rect all{0, 0, info.width, info.height};
      Arena arena;
      Planes planes;
      force_simd_level(Simd::portable);
      CHECK(decode(record, all, arena, planes).ok());
      CHECK(shows(planes, oracle, all));
      force_simd_level(best);
    }
  }
}

TEST(images_that_do_not_fit_are_unsupported_with_a_reason) {
  jpegs::Recipe cmyk = recipe_of(20, 20, 0, 90);
  cmyk.pixels = cmyk.stored = JCS_CMYK;
  jpegs::Recipe arithmetic = recipe_of(20, 20, 0, 90);
  arithmetic.arithmetic = true;
  jpegs::Recipe odd = recipe_of(20, 20, 3, 90);
  odd.h[1] = 2;
  for (const jpegs::Recipe& recipe : {cmyk, arithmetic, odd}) {
    File record;
    const Status status =
        dct::transcode(jpegs::bytes(jpegs::make(recipe)), {}, *dct::builtin_tables(Packing::compact), record);
    CHECK(status.code == Code::unsupported);
    CHECK(!status.reason.empty());
  }
}

TEST(a_small_file_that_claims_a_huge_image_takes_no_memory) {
  jpegs::Recipe recipe = recipe_of(64, 64, 3, 90);
  recipe.progressive = true;
  File jpeg = jpegs::make(recipe);
  for (std::size_t i = 0; i + 8 < jpeg.size(); ++i) {
    if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc2) jpeg[i + 5] = jpeg[i + 7] = 0xff;
  }
  File record;
  const Status status =
      dct::transcode(jpegs::bytes(jpeg), {}, *dct::builtin_tables(Packing::compact), record);
  CHECK(status.code == Code::truncated);
}

TEST(truncated_jpegs_are_not_transcoded) {
  File jpeg = jpegs::make(recipe_of(100, 100, 3, 90));
  jpeg.resize(jpeg.size() / 2);
  File record;
  const Status status =
      dct::transcode(jpegs::bytes(jpeg), {}, *dct::builtin_tables(Packing::compact), record);
  CHECK(status.code == Code::truncated);
}

TEST(a_flipped_bit_is_found_by_the_checksum) {
  const File good = transcode(jpegs::make(recipe_of(60, 40, 3, 90)), *dct::builtin_tables(Packing::compact));
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    File bad = good;
    bad[random() % bad.size()] ^= static_cast<std::uint8_t>(1u << random() % 8);
    Coefficients out;
    CHECK(!dct::decode_coefficients(jpegs::bytes(bad), out).ok());
  }
}

TEST(records_that_end_early_or_late_are_refused) {
  const File good = transcode(jpegs::make(recipe_of(60, 40, 3, 90)), *dct::builtin_tables(Packing::wide));
  for (std::size_t size = 0; size <= good.size() + 1; ++size) {
    File other = good;
    other.resize(size);
    Info info;
    CHECK_EQ(dct::read_dct_info(jpegs::bytes(other), info).ok(), size == good.size());
  }
}

TEST(orientation_is_written_back) {
  Coefficients source = coefficients_of(jpegs::make(recipe_of(24, 16, 3, 90)));
  source.orientation = 6;
  File jpeg;
  CHECK(dct::write_jpeg(source, jpeg).ok());
  CHECK_EQ(static_cast<int>(coefficients_of(jpeg).orientation), 6);
}

TEST(unknown_tables_are_named) {
  File record = transcode(jpegs::make(recipe_of(24, 16, 3, 90)), *dct::builtin_tables(Packing::compact));
  record[24] ^= 1;
  Arena arena;
  Planes planes;
  const Status status = decode(record, {0, 0, 24, 16}, arena, planes);
  CHECK(status.code == Code::unsupported);
  CHECK(status.reason.find("tables") != std::string::npos);
}

TEST(damaged_tables_are_refused) {
  const File good = dct::builtin_tables(Packing::compact)->bytes();
  dct::TablesPtr tables;
  for (std::size_t size = 0; size < good.size(); size += 97) {
    CHECK(!dct::register_tables(Bytes{good.data(), size}, tables).ok());
  }
  File longer = good;
  longer.push_back(0);
  CHECK(!dct::register_tables(jpegs::bytes(longer), tables).ok());
}
