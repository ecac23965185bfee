#include <algorithm>
#include <functional>
#include <random>

#include "check.h"
#include "jpegs.h"
#include "slip/idct.h"
#include "slip/simd.h"

namespace {

constexpr int kBlocks = 64;

struct alignas(32) Row {
  std::int16_t coefficients[kBlocks][64] = {};
  std::uint16_t quant[64] = {};
  std::uint8_t extents[kBlocks] = {};
};

// What libjpeg-turbo makes of the blocks: they go through an arithmetic-coded file, whose coefficients have
// no limit.
std::vector<std::uint8_t> by_libjpeg(const Row& row) {
  jpeg_compress_struct out;
  jpeg_error_mgr errors;
  out.err = jpeg_std_error(&errors);
  jpeg_create_compress(&out);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&out, &memory, &size);
  out.image_width = 8 * kBlocks;
  out.image_height = 8;
  out.in_color_space = JCS_GRAYSCALE;
  out.input_components = 1;
  jpeg_set_defaults(&out);
  out.arith_code = TRUE;
  unsigned int table[64];
  for (int i = 0; i < 64; ++i) table[i] = row.quant[i];
  jpeg_add_quant_table(&out, 0, table, 100, FALSE);
  for (int i = 0; i < 64; ++i) out.quant_tbl_ptrs[0]->quantval[i] = row.quant[i];
  jvirt_barray_ptr array =
      out.mem->request_virt_barray(reinterpret_cast<j_common_ptr>(&out), JPOOL_IMAGE, TRUE, kBlocks, 1, 1);
  jpeg_write_coefficients(&out, &array);
  JBLOCKARRAY blocks = out.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&out), array, 0, 1, TRUE);
  for (int b = 0; b < kBlocks; ++b) std::copy_n(row.coefficients[b], 64, blocks[0][b]);
  jpeg_finish_compress(&out);
  jpeg_destroy_compress(&out);
  const auto planes = jpegs::oracle(std::vector<std::uint8_t>(memory, memory + size));
  std::free(memory);
  return planes[0].samples;
}

void set_extents(Row& row) {
  for (int b = 0; b < kBlocks; ++b) {
    row.extents[b] = 1;
    for (int k = 0; k < 64; ++k) {
      if (row.coefficients[b][slip::kNaturalOfZigzag[k]] != 0)
        row.extents[b] = static_cast<std::uint8_t>(k + 1);
    }
  }
}

void check_against_libjpeg(const Row& row) {
  const std::vector<std::uint8_t> expected = by_libjpeg(row);
  const slip::Simd best = slip::simd_level();
  for (slip::Simd level : {slip::Simd::portable, best}) {
    slip::force_simd_level(level);
    for (const std::uint8_t* extents : {static_cast<const std::uint8_t*>(nullptr), row.extents}) {
      for (int count : {kBlocks, 1, 5}) {
        std::vector<std::uint8_t> got(expected.size());
        slip::idct_row(row.coefficients[0], extents, count, row.quant, got.data(), 8 * kBlocks);
        bool same = true;
        for (int y = 0; y < 8; ++y) {
          const auto* begin = got.data() + y * 8 * kBlocks;
          same &= std::equal(begin, begin + 8 * count, expected.data() + y * 8 * kBlocks);
        }
        CHECK(same);
      }
    }
  }
  slip::force_simd_level(best);
}

void fill(Row& row, std::mt19937& random, int extent, int amplitude, int step) {
  const auto draw = [&](int low, int high) { return std::uniform_int_distribution<int>(low, high)(random); };
  for (auto& quant : row.quant) quant = static_cast<std::uint16_t>(draw(1, step));
  for (auto& block : row.coefficients) {
    std::fill(std::begin(block), std::end(block), std::int16_t{0});
    const int last = draw(1, extent);
    for (int k = 0; k < last; ++k) {
      if (k == 0 || draw(0, 2) != 0) {
        block[slip::kNaturalOfZigzag[k]] = static_cast<std::int16_t>(draw(-amplitude, amplitude));
      }
    }
  }
  set_extents(row);
}

}  // namespace

TEST(zigzag_tables_are_inverse_to_each_other) {
  for (int i = 0; i < 64; ++i) CHECK_EQ(int{slip::kNaturalOfZigzag[slip::kZigzagOfNatural[i]]}, i);
}

TEST(blocks_of_every_extent_equal_libjpeg) {
  std::mt19937 random(1);
  Row row;
  for (int extent = 1; extent <= 64; ++extent) {
    for (int amplitude : {3, 30, 250}) {
      fill(row, random, extent, amplitude, 16);
      check_against_libjpeg(row);
    }
  }
}

#ifdef SLIP_X86
TEST(values_that_no_valid_image_holds_equal_libjpeg_too) {
  std::mt19937 random(2);
  Row row;
  for (int i = 0; i < 300; ++i) {
    const int amplitude = 1 << (5 + random() % 10), step = std::max(1, (1 << (random() % 17)) - 1);
    fill(row, random, 1 + static_cast<int>(random() % 64), amplitude, step);
    if (i % 3 == 0) {
      for (auto& block : row.coefficients) std::fill(block + 8, block + 64, std::int16_t{0});
      set_extents(row);
    }
    check_against_libjpeg(row);
  }
}
#endif
