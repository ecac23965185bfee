#include "slip/decode.h"

#include <limits>
#include <new>

#include "slip/dct/dct.h"
#include "slip/jpeg/baseline.h"
#include "slip/jpeg/markers.h"
#include "slip/jpeg/turbo.h"
#include "slip/record.h"
#include "slip/sniff.h"

namespace slip {
namespace {

Status read_jpeg_info(Bytes bytes, Info& info) {
  jpeg::Header header;
  if (Status status = jpeg::read_header(bytes, header); !status.ok()) return status;
  info = {Encoding::jpeg, header.orientation, header.frame.width, header.frame.height};
  return {};
}

Status read_record_info(Bytes bytes, Info& info) {
  RecordHeader header;
  if (Status status = parse_record_header(bytes, header); !status.ok()) return status;
  if (header.encoding == Encoding::dct) return dct::read_dct_info(bytes, info);
  info = {header.encoding, header.orientation, header.width, header.height};
  return {};
}

Status decode_record(Bytes bytes, const Rect& region, Arena& arena, Planes& planes, const Scales& scales) {
  RecordHeader header;
  if (Status status = parse_record_header(bytes, header); !status.ok()) return status;
  if (header.encoding == Encoding::dct) return dct::decode_dct_planes(bytes, region, arena, planes, scales);
  if (region.right() > header.width || region.bottom() > header.height) {
    return {Code::corrupt, "a region outside the image"};
  }
  return read_plane_record(bytes, planes);
}

Status decode(Bytes bytes, const Rect& region, Arena& arena, Planes& planes, const Scales& scales) {
  if (is_jpeg(bytes)) {
    if (jpeg::decode_baseline(bytes, region, arena, planes, scales)) return {};
    return jpeg::decode_by_turbo(bytes, region, arena, planes);
  }
  if (is_record(bytes)) return decode_record(bytes, region, arena, planes, scales);
  Info info;
  if (Status status = read_info(bytes, info); !status.ok()) return status;
  return {Code::foreign, "an image that is neither a JPEG nor a record"};
}

}  // namespace

Status read_info(Bytes bytes, Info& info) {
  if (bytes.size == 0) return {Code::empty, "no bytes at all"};
  if (is_jpeg(bytes)) return read_jpeg_info(bytes, info);
  if (is_record(bytes)) return read_record_info(bytes, info);
  if (!is_foreign_image(bytes)) return {Code::not_an_image, describe_bytes(bytes)};
  info = {Encoding::foreign, 1, 0, 0};
  return {};
}

Status decode_planes(Bytes bytes, const Rect& region, Arena& arena, Planes& planes, const Scales& scales) {
  constexpr int kMax = std::numeric_limits<int>::max();
  if (region.x < 0 || region.y < 0 || region.width < 1 || region.height < 1 ||
      region.width > kMax - region.x || region.height > kMax - region.y) {
    return {Code::corrupt, "an empty region"};
  }
  try {
    return decode(bytes, region, arena, planes, scales);
  } catch (const std::bad_alloc&) {
    return {Code::out_of_memory, "not enough memory to decode the image"};
  }
}

}  // namespace slip
