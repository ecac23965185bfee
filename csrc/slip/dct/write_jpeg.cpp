// Coefficients to JPEG, through libjpeg's jpeg_write_coefficients.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
//
#include <jpeglib.h>
//
#include <jerror.h>

#include "slip/dct/coefficients.h"
#include "slip/idct.h"

namespace slip::dct {
namespace {

// Nothing that setjmp's frame can see has a destructor: the file's bytes are libjpeg's until the end.
struct Writing {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  std::jmp_buf failed;
  char message[JMSG_LENGTH_MAX];
  unsigned char* bytes;
  unsigned long size;
};

[[noreturn]] void on_error(j_common_ptr info) {
  auto* writing = static_cast<Writing*>(info->client_data);
  info->err->format_message(info, writing->message);
  std::longjmp(writing->failed, 1);
}

J_COLOR_SPACE color_space(ColorModel model) {
  switch (model) {
    case ColorModel::gray:
      return JCS_GRAYSCALE;
    case ColorModel::rgb:
      return JCS_RGB;
    default:
      return JCS_YCbCr;
  }
}

void set_quant_tables(const Coefficients& in, jpeg_compress_struct& info) {
  for (int t = 0; t < NUM_QUANT_TBLS; ++t) {
    if (t >= in.quant_tables) continue;
    if (info.quant_tbl_ptrs[t] == nullptr) {
      info.quant_tbl_ptrs[t] = jpeg_alloc_quant_table(reinterpret_cast<j_common_ptr>(&info));
    }
    for (std::size_t i = 0; i < 64; ++i) {
      info.quant_tbl_ptrs[t]->quantval[kNaturalOfZigzag[i]] = in.quant[static_cast<std::size_t>(t)][i];
    }
    info.quant_tbl_ptrs[t]->sent_table = FALSE;
  }
}

void set_parameters(const Coefficients& in, jpeg_compress_struct& info) {
  info.image_width = static_cast<JDIMENSION>(in.width);
  info.image_height = static_cast<JDIMENSION>(in.height);
  info.input_components = in.components;
  info.in_color_space = color_space(in.model);
  jpeg_set_defaults(&info);
  jpeg_set_colorspace(&info, color_space(in.model));
  info.write_JFIF_header = FALSE;  // the kept segments say it
  info.write_Adobe_marker = FALSE;
  info.optimize_coding = TRUE;
  for (int k = 0; k < in.components; ++k) {
    jpeg_component_info& c = info.comp_info[k];
    c.component_id = in.component[k].id;
    c.h_samp_factor = in.component[k].h;
    c.v_samp_factor = in.component[k].v;
    c.quant_tbl_no = in.component[k].quant;
  }
  set_quant_tables(in, info);
}

JDIMENSION round_up(int value, int step) { return static_cast<JDIMENSION>((value + step - 1) / step * step); }

void request_arrays(const Coefficients& in, jpeg_compress_struct& info, jvirt_barray_ptr* arrays) {
  const Geometry geometry = in.geometry(1);
  for (int k = 0; k < in.components; ++k) {
    const ComponentGeometry& c = geometry.component[k];
    arrays[k] = info.mem->request_virt_barray(
        reinterpret_cast<j_common_ptr>(&info), JPOOL_IMAGE, TRUE, round_up(c.blocks_x, in.component[k].h),
        round_up(c.blocks_y, in.component[k].v), static_cast<JDIMENSION>(in.component[k].v));
  }
}

void fill_arrays(const Coefficients& in, jpeg_compress_struct& info, jvirt_barray_ptr* arrays) {
  const Geometry geometry = in.geometry(1);
  for (int k = 0; k < in.components; ++k) {
    const ComponentGeometry& c = geometry.component[k];
    const auto row = static_cast<std::size_t>(c.blocks_x) * 64;
    for (int y = 0; y < c.blocks_y; ++y) {
      const JBLOCKARRAY to = info.mem->access_virt_barray(reinterpret_cast<j_common_ptr>(&info), arrays[k],
                                                          static_cast<JDIMENSION>(y), 1, TRUE);
      std::memcpy(to[0], in.blocks[k].data() + row * static_cast<std::size_t>(y), row * sizeof(JCOEF));
    }
  }
}

void write_segments(const std::vector<std::uint8_t>& segments, jpeg_compress_struct& info) {
  for (std::size_t at = 0; at + 4 <= segments.size();) {
    const std::size_t length = static_cast<std::size_t>(segments[at + 2]) << 8 | segments[at + 3];
    jpeg_write_marker(&info, segments[at + 1], segments.data() + at + 4, static_cast<unsigned>(length - 2));
    at += 2 + length;
  }
}

bool has_exif(const std::vector<std::uint8_t>& segments) {
  for (std::size_t at = 0; at + 10 <= segments.size();) {
    if (segments[at + 1] == JPEG_APP0 + 1 && std::memcmp(segments.data() + at + 4, "Exif\0", 6) == 0)
      return true;
    at += 2 + (static_cast<std::size_t>(segments[at + 2]) << 8 | segments[at + 3]);
  }
  return false;
}

// The smallest EXIF that says how the image is to be turned.
void write_orientation(std::uint8_t orientation, jpeg_compress_struct& info) {
  const JOCTET exif[] = {'E',  'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42,          0, 0, 0, 8, 0, 1,
                         0x01, 0x12, 0,   3,   0, 0, 0,   1,   0, orientation, 0, 0, 0, 0, 0, 0};
  jpeg_write_marker(&info, JPEG_APP0 + 1, exif, sizeof exif);
}

[[gnu::noinline]] bool write_all(const Coefficients& in, Writing& writing) {
  jpeg_compress_struct& info = writing.info;
  if (setjmp(writing.failed) != 0) return false;
  jpeg_create_compress(&info);
  jpeg_mem_dest(&info, &writing.bytes, &writing.size);
  set_parameters(in, info);
  jvirt_barray_ptr arrays[3];
  request_arrays(in, info, arrays);
  jpeg_write_coefficients(&info, arrays);
  fill_arrays(in, info, arrays);
  write_segments(in.segments, info);
  if (in.orientation != 1 && !has_exif(in.segments)) write_orientation(in.orientation, info);
  jpeg_finish_compress(&info);
  return true;
}

}  // namespace

Status write_jpeg(const Coefficients& in, std::vector<std::uint8_t>& out) {
  Writing writing;
  std::memset(&writing, 0, sizeof writing);
  writing.info.err = jpeg_std_error(&writing.errors);
  writing.errors.error_exit = on_error;
  writing.info.client_data = &writing;
  Status status;
  if (!write_all(in, writing)) {
    const bool memory = writing.errors.msg_code == JERR_OUT_OF_MEMORY;
    status = {memory ? Code::out_of_memory : Code::corrupt,
              std::string("no JPEG can hold it: ") + writing.message};
  } else {
    try {
      out.assign(writing.bytes, writing.bytes + writing.size);
    } catch (const std::bad_alloc&) {
      status = Status(Code::out_of_memory, "no memory for the JPEG");
    }
  }
  jpeg_destroy_compress(&writing.info);
  std::free(writing.bytes);
  return status;
}

}  // namespace slip::dct
