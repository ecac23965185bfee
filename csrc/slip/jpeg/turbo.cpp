#include "slip/jpeg/turbo.h"

#include <algorithm>

#include "slip/jpeg/cmyk.h"
#include "slip/jpeg/session.h"

namespace slip::jpeg {
namespace {

constexpr int kBlock = DCTSIZE;
constexpr int kMaxRowsOfCall = MAX_SAMP_FACTOR * kBlock;

int divide_up(int a, int b) { return (a + b - 1) / b; }

struct RawDecode {
  const Rect& region;
  Arena& arena;
  Planes& planes;
};

// What one call of jpeg_read_raw_data fills of a component: a band of v * 8 rows.
struct Band {
  std::uint8_t* rows;     // of the first band that is kept
  std::uint8_t* scratch;  // for the bands above the region
  std::ptrdiff_t stride;
  int height;
};

void describe_planes(const jpeg_decompress_struct& info, Planes& planes) {
  planes.count = info.num_components;
  planes.model = planes.count == 1                  ? ColorModel::gray
                 : info.jpeg_color_space == JCS_RGB ? ColorModel::rgb
                                                    : ColorModel::ycbcr;
  planes.width = static_cast<int>(info.image_width);
  planes.height = static_cast<int>(info.image_height);
  planes.h_max = planes.count == 1 ? 1 : info.max_h_samp_factor;
  planes.v_max = planes.count == 1 ? 1 : info.max_v_samp_factor;
}

Plane plane_of(const jpeg_component_info& component, const Planes& planes, const Band& band, int first_row) {
  Plane plane;
  plane.h = planes.count == 1 ? 1 : component.h_samp_factor;
  plane.v = planes.count == 1 ? 1 : component.v_samp_factor;
  plane.full_width = divide_up(planes.width * plane.h, planes.h_max);
  plane.full_height = divide_up(planes.height * plane.v, planes.v_max);
  plane.data = band.rows;
  plane.stride = band.stride;
  plane.region = {0, first_row, plane.full_width, 0};
  return plane;
}

// A multi-scan image is kept whole in memory by libjpeg. Each of its blocks takes at least one bit of the
// file, so that a header cannot make us allocate much more than the file could fill.
void refuse_lying_size(Session& session, const Bytes& file) {
  std::size_t blocks = 0;
  for (int i = 0; i < session.info.num_components; ++i) {
    const jpeg_component_info& component = session.info.comp_info[i];
    blocks += static_cast<std::size_t>(component.width_in_blocks) * component.height_in_blocks;
  }
  if (blocks / 8 > file.size) fail(session, Code::truncated, "the JPEG is too short for its size");
}

// libjpeg would show a component that no scan has brought as grey.
void refuse_missing_components(Session& session) {
  if (session.ended) fail(session, Code::truncated, "the JPEG ends before its last scan");
  for (int i = 0; i < session.info.num_components; ++i) {
    if (session.info.comp_info[i].quant_table == nullptr) {
      fail(session, Code::corrupt, "a component without any scan");
    }
  }
}

void read_header_step(Session& session, Bytes& file) {
  jpeg_read_header(&session.info, TRUE);
  const int count = session.info.num_components;
  if (count != 1 && count != 3 && count != 4) {
    fail(session, Code::unsupported, "a JPEG of neither 1, 3 nor 4 components");
  }
  if (session.info.arith_code) fail(session, Code::unsupported, "an arithmetic-coded JPEG");
  if (jpeg_has_multiple_scans(&session.info)) refuse_lying_size(session, file);
}

void start(Session& session) {
  session.info.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&session.info);
  if (jpeg_has_multiple_scans(&session.info)) refuse_missing_components(session);
}

void make_band(const jpeg_component_info& component, int kept, Arena& arena, Band& band) {
  band.height = component.v_samp_factor * kBlock;
  band.stride = static_cast<std::ptrdiff_t>(component.width_in_blocks) * kBlock + kSlack;
  const auto bytes = static_cast<std::size_t>(band.stride) * static_cast<std::size_t>(band.height);
  band.rows = static_cast<std::uint8_t*>(arena.take(bytes * static_cast<std::size_t>(kept)));
  band.scratch = static_cast<std::uint8_t*>(arena.take(bytes));
}

void raw_step(Session& session, RawDecode& decode) {
  jpeg_decompress_struct& info = session.info;
  info.raw_data_out = TRUE;
  start(session);
  describe_planes(info, decode.planes);
  const int call_rows = info.max_v_samp_factor * kBlock;
  const int first = decode.region.y / call_rows, end = divide_up(decode.region.bottom(), call_rows);
  Band bands[3] = {};
  for (int c = 0; c < info.num_components; ++c) {
    make_band(info.comp_info[c], end - first, decode.arena, bands[c]);
    decode.planes.plane[c] = plane_of(info.comp_info[c], decode.planes, bands[c], first * bands[c].height);
  }
  JSAMPROW rows[3][kMaxRowsOfCall];
  JSAMPARRAY components[3] = {rows[0], rows[1], rows[2]};
  for (int call = 0; call < end; ++call) {
    for (int c = 0; c < info.num_components; ++c) {
      const Band& band = bands[c];
      std::uint8_t* top =
          call < first ? band.scratch : band.rows + (call - first) * band.height * band.stride;
      for (int y = 0; y < band.height; ++y) rows[c][y] = top + y * band.stride;
    }
    jpeg_read_raw_data(&info, components, static_cast<JDIMENSION>(call_rows));
  }
  for (int c = 0; c < info.num_components; ++c) {
    Plane& plane = decode.planes.plane[c];
    plane.region.height = std::min(plane.full_height, end * bands[c].height) - plane.region.y;
  }
}

void cmyk_step(Session& session, RawDecode& decode) {
  jpeg_decompress_struct& info = session.info;
  info.out_color_space = JCS_CMYK;
  start(session);
  Planes& planes = decode.planes;
  planes.model = ColorModel::rgb;
  planes.count = 3;
  planes.h_max = planes.v_max = 1;
  planes.width = static_cast<int>(info.image_width);
  planes.height = static_cast<int>(info.image_height);
  const Rect kept{0, decode.region.y, planes.width, decode.region.height};
  auto* line = decode.arena.take_array<std::uint8_t>(4 * static_cast<std::size_t>(kept.width));
  std::uint8_t* out[3];
  for (int c = 0; c < 3; ++c) {
    out[c] = decode.arena.take_array<std::uint8_t>(static_cast<std::size_t>(kept.width) * kept.height);
    planes.plane[c] = {out[c], kept.width, kept, planes.width, planes.height, 1, 1};
  }
  for (int y = 0; y < kept.bottom(); ++y) {
    JSAMPROW row = line;
    jpeg_read_scanlines(&info, &row, 1);
    if (y < kept.y) continue;
    const std::ptrdiff_t offset = static_cast<std::ptrdiff_t>(y - kept.y) * kept.width;
    cmyk_to_rgb(line, kept.width, out[0] + offset, out[1] + offset, out[2] + offset);
  }
}

}  // namespace

Status decode_by_turbo(Bytes file, const Rect& region, Arena& arena, Planes& planes) {
  struct Handle {
    Session session;
    ~Handle() { close_session(session); }
  } handle;
  Session& session = handle.session;
  RawDecode decode{region, arena, planes};
  if (!open_session(session, file) || !guarded(session, read_header_step, file)) return failure(session);
  const int width = static_cast<int>(session.info.image_width);
  const int height = static_cast<int>(session.info.image_height);
  if (region.right() > width || region.bottom() > height) {
    return {Code::corrupt, "a region outside the image"};
  }
  const bool four = session.info.num_components == 4;
  if (!guarded(session, four ? cmyk_step : raw_step, decode)) return failure(session);
  return {};
}

}  // namespace slip::jpeg
