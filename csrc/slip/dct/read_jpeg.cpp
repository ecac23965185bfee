// JPEG to coefficients, through libjpeg's jpeg_read_coefficients.
#include <cstring>
#include <new>
#include <string>

#include "slip/dct/coefficients.h"
#include "slip/idct.h"
#include "slip/jpeg/markers.h"
#include "slip/jpeg/session.h"
#include "slip/sniff.h"

namespace slip::dct {
namespace {

constexpr std::uint8_t kApp2 = 0xe2;

struct Reading {
  Coefficients* out;
  std::size_t file_size;
};

[[noreturn]] void refuse(jpeg::Session& session, const char* why) {
  jpeg::fail(session, Code::unsupported, why);
}

bool starts_with(Bytes payload, const char* word, std::size_t length) {
  return payload.size >= length && std::memcmp(payload.data, word, length) == 0;
}

bool is_kept(const jpeg::Segment& segment, const KeepMarkers& keep) {
  switch (segment.marker) {
    case jpeg::kApp0:
      return starts_with(segment.payload, "JFIF", 5);
    case jpeg::kApp1:
      return keep.exif && starts_with(segment.payload, "Exif\0", 6);
    case kApp2:
      return keep.icc && starts_with(segment.payload, "ICC_PROFILE", 12);
    case jpeg::kApp14:
      return starts_with(segment.payload, "Adobe", 5);
    default:
      return false;
  }
}

void read_segments(Bytes file, const KeepMarkers& keep, Coefficients& out) {
  jpeg::Segments segments(file);
  jpeg::Segment segment;
  while (segments.next(segment) && segment.marker != jpeg::kSos) {
    if (segment.marker == jpeg::kApp14 && segment.payload.size >= 12 &&
        starts_with(segment.payload, "Adobe", 5)) {
      out.adobe = segment.payload.data[11];
    }
    if (!is_kept(segment, keep)) continue;
    const std::size_t length = segment.payload.size + 2;
    out.segments.insert(out.segments.end(), {0xff, segment.marker, static_cast<std::uint8_t>(length >> 8),
                                             static_cast<std::uint8_t>(length & 0xff)});
    out.segments.insert(out.segments.end(), segment.payload.data,
                        segment.payload.data + segment.payload.size);
  }
}

// Fills everything that the header says.
void take_header(jpeg::Session& session, Coefficients& out) {
  const jpeg_decompress_struct& info = session.info;
  if (info.arith_code) refuse(session, "arithmetic coding");
  switch (info.jpeg_color_space) {
    case JCS_GRAYSCALE:
      out.model = ColorModel::gray;
      break;
    case JCS_YCbCr:
      out.model = ColorModel::ycbcr;
      break;
    case JCS_RGB:
      out.model = ColorModel::rgb;
      break;
    default:
      refuse(session, "a colour space other than gray, YCbCr and RGB");
  }
  out.components = info.num_components;
  if (out.components != (out.model == ColorModel::gray ? 1 : 3))
    refuse(session, "an odd number of components");
  int h[3], v[3];
  for (int k = 0; k < out.components; ++k) {
    const jpeg_component_info& c = info.comp_info[k];
    h[k] = c.h_samp_factor;
    v[k] = c.v_samp_factor;
    out.component[k].id = static_cast<std::uint8_t>(c.component_id);
    out.component[k].h = static_cast<std::uint8_t>(h[k]);
    out.component[k].v = static_cast<std::uint8_t>(v[k]);
  }
  if (!is_known_sampling(out.components, h, v)) refuse(session, "an unusual chroma sampling");
  if (out.model == ColorModel::rgb && (h[0] != 1 || v[0] != 1)) refuse(session, "subsampled RGB");
  out.width = static_cast<int>(info.image_width);
  out.height = static_cast<int>(info.image_height);
}

// A header can claim any size; memory is only taken for what the file can fill. A block takes a bit at least.
void check_size(jpeg::Session& session, const Coefficients& out, std::size_t file_size) {
  const Geometry geometry = out.geometry(1);
  std::uint64_t blocks = 0;
  for (int k = 0; k < out.components; ++k) {
    const ComponentGeometry& c = geometry.component[k];
    blocks += static_cast<std::uint64_t>(c.blocks_x) * static_cast<std::uint64_t>(c.blocks_y);
  }
  if (blocks > 8 * static_cast<std::uint64_t>(file_size)) {
    jpeg::fail(session, Code::truncated, "the file is too small for the size of its image");
  }
}

void take_quant(jpeg::Session& session, Coefficients& out) {
  for (int k = 0; k < out.components; ++k) {
    const JQUANT_TBL* table = session.info.comp_info[k].quant_table;
    if (table == nullptr) jpeg::fail(session, Code::corrupt, "a component without quantisation table");
    std::array<std::uint8_t, 64> steps;
    for (int i = 0; i < 64; ++i) {
      const unsigned step = table->quantval[kNaturalOfZigzag[i]];
      if (step < 1 || step > 255) refuse(session, "16-bit quantisation tables");
      steps[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(step);
    }
    int found = 0;
    while (found < out.quant_tables && out.quant[static_cast<std::size_t>(found)] != steps) ++found;
    if (found == out.quant_tables) out.quant[static_cast<std::size_t>(out.quant_tables++)] = steps;
    out.component[k].quant = static_cast<std::uint8_t>(found);
  }
}

// libjpeg would smooth blocks over when it decodes an image whose low frequencies never became final.
void check_progression(jpeg::Session& session) {
  const jpeg_decompress_struct& info = session.info;
  if (!info.progressive_mode || info.coef_bits == nullptr) return;
  for (int k = 0; k < info.num_components; ++k) {
    for (int i = 0; i < 10; ++i) {
      if (info.coef_bits[k][i] == 0) continue;
      if (session.ended) jpeg::fail(session, Code::truncated, "its last scans are missing");
      refuse(session, "a progressive image without its last scans");
    }
  }
}

bool in_range(const std::int16_t* block) {
  if (block[0] < kMinDc || block[0] > kMaxDc) return false;
  int over = 0;
  for (int i = 1; i < 64; ++i) over |= (block[i] + kMaxAc > 2 * kMaxAc) | (block[i] < -kMaxAc);
  return over == 0;
}

void take_blocks(jpeg::Session& session, jvirt_barray_ptr* arrays, Coefficients& out) {
  jpeg_decompress_struct& info = session.info;
  auto common = reinterpret_cast<j_common_ptr>(&info);
  const Geometry geometry = out.geometry(1);
  for (int k = 0; k < out.components; ++k) {
    const ComponentGeometry& c = geometry.component[k];
    const auto row = static_cast<std::size_t>(c.blocks_x) * 64;
    out.blocks[k].resize(row * static_cast<std::size_t>(c.blocks_y));
    for (int y = 0; y < c.blocks_y; ++y) {
      const JBLOCKARRAY from =
          info.mem->access_virt_barray(common, arrays[k], static_cast<JDIMENSION>(y), 1, FALSE);
      std::int16_t* to = out.blocks[k].data() + row * static_cast<std::size_t>(y);
      std::memcpy(to, from[0], row * sizeof(std::int16_t));
      for (int x = 0; x < c.blocks_x; ++x) {
        if (!in_range(to + 64 * x)) refuse(session, "coefficients beyond the range of 8-bit images");
      }
    }
  }
}

void read_all(jpeg::Session& session, Reading& reading) {
  jpeg_read_header(&session.info, TRUE);
  take_header(session, *reading.out);
  check_size(session, *reading.out, reading.file_size);
  jvirt_barray_ptr* arrays = jpeg_read_coefficients(&session.info);
  if (arrays == nullptr) jpeg::fail(session, Code::truncated, "the image ends too early");
  take_quant(session, *reading.out);
  check_progression(session);
  take_blocks(session, arrays, *reading.out);
}

}  // namespace

Status read_jpeg(Bytes file, const KeepMarkers& keep, Coefficients& out) {
  if (file.size == 0) return {Code::empty, "no bytes at all"};
  if (!is_jpeg(file)) return {Code::not_an_image, describe_bytes(file)};
  jpeg::Header header;
  if (Status s = jpeg::read_header(file, header); !s.ok()) return s;
  jpeg::Session session;
  const Status no_memory(Code::out_of_memory, "no memory for its coefficients");
  if (!jpeg::open_session(session, file)) {
    jpeg::close_session(session);
    return no_memory;
  }
  Status status;
  try {
    out = Coefficients();
    out.orientation = header.orientation;
    Reading reading{&out, file.size};
    if (!jpeg::guarded(session, read_all, reading)) status = jpeg::failure(session);
    if (status.ok()) read_segments(file, keep, out);
  } catch (const std::bad_alloc&) {
    status = no_memory;
  }
  jpeg::close_session(session);
  return status;
}

}  // namespace slip::dct
