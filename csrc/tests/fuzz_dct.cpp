// Mutated records and entropy tables through every decoder of the dct encoding. Two ways to build it:
//   clang++ -fsanitize=fuzzer,address,undefined -DSLIP_LIBFUZZER ...: a libFuzzer target
//   otherwise: a driver of its own, fuzz_dct [seconds] [seed], which mutates good records;
//   fuzz_dct seeds DIRECTORY writes these, for libFuzzer to start from
// Checksums are made right after a mutation, so that the decoders see what is behind them.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "slip/crc32c.h"
#include "slip/dct/bytes_io.h"
#include "slip/dct/dct.h"
#include "slip/dct/encode.h"
#include "slip/dct/tables.h"
#include "slip/simd.h"

namespace {

using namespace slip;
using File = std::vector<std::uint8_t>;

constexpr std::uint64_t kMaxPixels = 1 << 20;

Bytes bytes_of(const File& file) { return {file.data(), file.size()}; }

void fail(const char* what) {
  std::fprintf(stderr, "fuzz_dct: %s\n", what);
  std::abort();
}

void repair_checksum(File& record) {
  if (record.size() >= dct::kFixedHeader)
    dct::store_le(record.data() + 20, dct::record_crc(bytes_of(record)));
}

// What the planes of a region hold, as one number; 0 where the record is refused.
std::uint32_t planes_checksum(Bytes record, const Rect& region, Simd level) {
  force_simd_level(level);
  Arena arena;
  Planes planes;
  if (!dct::decode_dct_planes(record, region, arena, planes).ok()) return 0;
  std::uint32_t sum = 1;
  for (int k = 0; k < planes.count; ++k) {
    const Plane& plane = planes.plane[k];
    for (int y = 0; y < plane.region.height; ++y) {
      sum = crc32c({plane.data + y * plane.stride, static_cast<std::size_t>(plane.region.width)}, sum);
    }
  }
  return sum;
}

// Decodes a record whole and in part. Every instruction set must see the same.
void decode_record(const File& record) {
  Info info;
  if (!dct::read_dct_info(bytes_of(record), info).ok()) return;
  const auto width = static_cast<std::uint64_t>(info.width), height = static_cast<std::uint64_t>(info.height);
  if (width * height > kMaxPixels) return;
  const Rect all{0, 0, info.width, info.height};
  const Rect part{info.width / 3, info.height / 3, (info.width + 2) / 3, (info.height + 2) / 3};
  for (const Rect& region : {all, part}) {
    const std::uint32_t portable = planes_checksum(bytes_of(record), region, Simd::portable);
#ifdef SLIP_X86
    if (planes_checksum(bytes_of(record), region, Simd::avx2) != portable) fail("instruction sets differ");
#endif
  }
  dct::Coefficients coefficients;
  File jpeg;
  if (!dct::decode_coefficients(bytes_of(record), coefficients).ok()) return;
  if (!dct::write_jpeg(coefficients, jpeg).ok())
    return;  // libjpeg refuses coefficients that no JPEG can hold
  dct::Coefficients again;
  (void)dct::read_jpeg(bytes_of(jpeg), {}, again);
}

// Tables that parse are used on a record that names them.
void decode_tables(const File& bytes, const File& record) {
  dct::Model model;
  if (!dct::parse_model(bytes_of(bytes), model).ok()) return;
  const dct::Tables tables(model);
  if (tables.bytes() != bytes) fail("tables are not written as they were read");
  File named = record;
  dct::store_le(named.data() + 24, tables.id());
  dct::TablesPtr registered;
  if (!dct::register_tables(bytes_of(bytes), registered).ok()) fail("good tables are refused");
  repair_checksum(named);
  decode_record(named);
}

// Byte 0 says whether a record or tables follow.
void decode_input(const std::uint8_t* data, std::size_t size, const File& record) {
  if (size < 1) return;
  // In a block of exactly this size, so that a sanitizer sees the first byte beyond it.
  File copy(data + 1, data + size);
  if (data[0] == 0) {
    repair_checksum(copy);
    decode_record(copy);
  } else {
    decode_tables(copy, record);
  }
}

// A smooth picture with noise, as coefficients: no JPEG is needed.
dct::Coefficients made_up(int width, int height, int h, int v, int components, std::mt19937& random) {
  dct::Coefficients c;
  c.width = width;
  c.height = height;
  c.components = components;
  c.model = components == 1 ? ColorModel::gray : ColorModel::ycbcr;
  c.quant_tables = 1;
  c.quant[0].fill(3);
  for (int k = 0; k < components; ++k) {
    c.component[k].id = static_cast<std::uint8_t>(k + 1);
    c.component[k].h = static_cast<std::uint8_t>(k == 0 ? h : 1);
    c.component[k].v = static_cast<std::uint8_t>(k == 0 ? v : 1);
  }
  const dct::Geometry geometry = c.geometry(1);
  for (int k = 0; k < components; ++k) {
    c.blocks[k].resize(64u * static_cast<unsigned>(geometry.component[k].blocks_x) *
                       static_cast<unsigned>(geometry.component[k].blocks_y));
    for (std::size_t i = 0; i < c.blocks[k].size(); ++i) {
      const int reach = 1 + 1200 / (1 + static_cast<int>(i % 64) * static_cast<int>(random() % 8));
      if (random() % 3 == 0)
        c.blocks[k][i] = static_cast<std::int16_t>(static_cast<int>(random() % (2 * reach + 1)) - reach);
    }
  }
  return c;
}

File seed_record(dct::Packing packing, std::mt19937& random) {
  static constexpr int kSamplings[5][2] = {{1, 1}, {2, 1}, {1, 2}, {2, 2}, {4, 1}};
  const auto* sampling = kSamplings[random() % 5];
  const int width = 1 + static_cast<int>(random() % 90), height = 1 + static_cast<int>(random() % 60);
  const auto coefficients =
      made_up(width, height, sampling[0], sampling[1], random() % 4 == 0 ? 1 : 3, random);
  return dct::encode_record(coefficients, *dct::builtin_tables(packing));
}

}  // namespace

#ifdef SLIP_LIBFUZZER

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static std::mt19937 random(1);
  static const File record = seed_record(dct::Packing::compact, random);
  decode_input(data, size, record);
  return 0;
}

#else

namespace {

void mutate(File& file, std::mt19937& random) {
  for (unsigned changes = 1 + random() % 6; changes > 0 && file.size() > 1; --changes) {
    // Headers are small: half of the changes go there.
    const std::size_t reach =
        random() % 2 == 0 ? std::min<std::size_t>(file.size() - 1, 200) : file.size() - 1;
    const std::size_t at = 1 + random() % reach;
    switch (random() % 6) {
      case 0:
        file[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        file[at] ^= static_cast<std::uint8_t>(1u << random() % 8);
        break;
      case 2:
        file[at] = random() % 2 == 0 ? 0 : 0xff;
        break;
      case 3:
        file[at] = static_cast<std::uint8_t>(file[at] + (random() % 2 == 0 ? 1 : -1));
        break;
      case 4:
        std::memmove(&file[at], &file[1 + random() % reach],
                     std::min<std::size_t>(4, file.size() - std::max(at, reach)));
        break;
      default:
        for (std::size_t i = at; i < file.size() && i < at + 16; ++i)
          file[i] = static_cast<std::uint8_t>(random());
    }
  }
}

// Swaps the lengths of two tiles or moves bytes between them, so that the sums still hold.
void mutate_index(File& file, std::mt19937& random) {
  dct::Record record;
  if (!dct::parse_record({file.data() + 1, file.size() - 1}, record).ok()) return;
  const auto index = static_cast<std::size_t>(record.index - file.data());
  const std::size_t size = static_cast<std::size_t>(record.segments.data - record.index);
  std::swap(file[index + random() % size], file[index + random() % size]);
}

// Good inputs for libFuzzer to start from.
int write_seeds(const std::string& directory, const std::vector<File>& seeds) {
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    std::ofstream file(directory + "/seed" + std::to_string(i), std::ios::binary);
    file.write(reinterpret_cast<const char*>(seeds[i].data()), static_cast<std::streamsize>(seeds[i].size()));
    if (!file) return 1;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 2;
  std::mt19937 random(argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 1);
  std::vector<File> seeds;
  for (int i = 0; i < 40; ++i) {
    File seed = seed_record(i % 2 == 0 ? dct::Packing::compact : dct::Packing::wide, random);
    decode_record(seed);
    seed.insert(seed.begin(), 0);
    seeds.push_back(seed);
  }
  if (argc > 2 && std::strcmp(argv[1], "seeds") == 0) return write_seeds(argv[2], seeds);
  const File records[2] = {seed_record(dct::Packing::compact, random),
                           seed_record(dct::Packing::wide, random)};
  const auto stop = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  unsigned long long runs = 0;
  while (std::chrono::steady_clock::now() < stop) {
    for (int i = 0; i < 64; ++i, ++runs) {
      if (i % 32 == 31) {
        const auto packing = static_cast<dct::Packing>(random() % 2);
        File tables = dct::builtin_tables(packing)->bytes();
        tables.insert(tables.begin(), 1);
        mutate(tables, random);
        decode_input(tables.data(), tables.size(), records[static_cast<int>(packing)]);
        continue;
      }
      File file = seeds[random() % seeds.size()];
      if (random() % 4 == 0) mutate_index(file, random);
      mutate(file, random);
      decode_input(file.data(), file.size(), records[0]);
    }
  }
  std::printf("%llu inputs, no finding\n", runs);
  return 0;
}

#endif
