#include "slip/plane_ops.h"

#include <algorithm>

#include "slip/color.h"

namespace slip {
namespace {

Plane make_plane(const Rect& region, int full_width, int full_height, Arena& arena, std::uint8_t*& data) {
  Plane plane;
  plane.stride = (region.width + 31) & ~31;
  plane.region = region;
  plane.full_width = full_width;
  plane.full_height = full_height;
  plane.data = data = arena.take_array<std::uint8_t>(static_cast<std::size_t>(plane.stride) * region.height);
  return plane;
}

}  // namespace

Rect upsampled_from(const PlaneSampling& sampling, const Rect& rect) {
  const Span x = sampling.x.made_of({rect.x, rect.right()});
  const Span y = sampling.y.made_of({rect.y, rect.bottom()});
  return {x.first, y.first, x.last - x.first, y.last - y.first};
}

Planes to_rgb(const Planes& from, const PlaneSampling sampling[3], const Rect& rect, Arena& arena) {
  Planes out = from;
  out.model = ColorModel::rgb;
  out.h_max = out.v_max = 1;
  std::uint8_t* rgb[3];
  for (int c = 0; c < 3; ++c) out.plane[c] = make_plane(rect, from.width, from.height, arena, rgb[c]);
  Upsampler upsamplers[3] = {{from.plane[0], sampling[0], rect.x, rect.right(), arena},
                             {from.plane[1], sampling[1], rect.x, rect.right(), arena},
                             {from.plane[2], sampling[2], rect.x, rect.right(), arena}};
  const ColorKernels& color = color_kernels();
  for (int y = rect.y; y < rect.bottom(); ++y) {
    color.exact(upsamplers[0].row(y), upsamplers[1].row(y), upsamplers[2].row(y), rect.width, rgb[0], rgb[1],
                rgb[2]);
    for (int c = 0; c < 3; ++c) rgb[c] += out.plane[c].stride;
  }
  return out;
}

Plane transposed(const Plane& from, const Rect& rect, Arena& arena) {
  std::uint8_t* data = nullptr;
  const Rect turned{rect.y, rect.x, rect.height, rect.width};
  Plane out = make_plane(turned, from.full_height, from.full_width, arena, data);
  const std::uint8_t* corner = from.data + (rect.y - from.region.y) * from.stride + (rect.x - from.region.x);
  // In blocks, so that the lines of both sides stay in the cache.
  constexpr int kBlock = 32;
  for (int y0 = 0; y0 < rect.height; y0 += kBlock) {
    const int y1 = std::min(y0 + kBlock, rect.height);
    for (int x = 0; x < rect.width; ++x) {
      for (int y = y0; y < y1; ++y) data[x * out.stride + y] = corner[y * from.stride + x];
    }
  }
  return out;
}

}  // namespace slip
