// Synthetic decoded images for the native tests.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "check.h"
#include "slip/render.h"

namespace scenes {

// Planes with memory of their own.
struct Image {
  slip::Planes planes;
  std::vector<std::uint8_t> memory[3];

  // Noise; `sampling` is h and v of each component.
  static Image random(slip::ColorModel model, int width, int height, unsigned seed,
                      const int (&sampling)[3][2] = {{1, 1}, {1, 1}, {1, 1}}) {
    Image image;
    slip::Planes& planes = image.planes;
    planes.model = model;
    planes.count = model == slip::ColorModel::gray ? 1 : 3;
    planes.width = width;
    planes.height = height;
    for (int c = 0; c < planes.count; ++c) {
      planes.h_max = std::max(planes.h_max, sampling[c][0]);
      planes.v_max = std::max(planes.v_max, sampling[c][1]);
    }
    for (int c = 0; c < planes.count; ++c) {
      slip::Plane& plane = planes.plane[c];
      plane.h = sampling[c][0];
      plane.v = sampling[c][1];
      plane.full_width = (width * plane.h + planes.h_max - 1) / planes.h_max;
      plane.full_height = (height * plane.v + planes.v_max - 1) / planes.v_max;
      plane.region = {0, 0, plane.full_width, plane.full_height};
      plane.stride = plane.full_width;
      image.memory[c].resize(plane.full_width * plane.full_height + slip::kSlack);
      for (auto& sample : image.memory[c]) {
        seed = seed * 1664525u + 1013904223u;
        sample = static_cast<std::uint8_t>(seed >> 24);
      }
      plane.data = image.memory[c].data();
    }
    return image;
  }

  // Waves whose colours stay inside RGB, so that clipping hides nothing.
  static Image smooth(slip::ColorModel model, int width, int height, unsigned seed,
                      const int (&sampling)[3][2]) {
    Image image = random(model, width, height, seed, sampling);
    for (int c = 0; c < image.planes.count; ++c) {
      const slip::Plane& plane = image.planes.plane[c];
      const double amplitude = c == 0 ? 50 : 35;
      for (int y = 0; y < plane.full_height; ++y) {
        for (int x = 0; x < plane.full_width; ++x) {
          const double wave = std::sin(0.9 * x + c + seed) * std::cos(0.7 * y - c);
          image.memory[c][std::size_t(y) * plane.full_width + x] =
              static_cast<std::uint8_t>(128.5 + amplitude * wave);
        }
      }
    }
    return image;
  }

  // A copy that holds only what a decoder must for `region` of the image, with nonsense around it.
  Image cut(const slip::Rect& region) const {
    Image out;
    out.planes = planes;
    for (int c = 0; c < planes.count; ++c) {
      const slip::Plane& from = planes.plane[c];
      slip::Plane& to = out.planes.plane[c];
      const int across = planes.h_max / from.h, down = planes.v_max / from.v;
      to.region.x = region.x / across;
      to.region.y = region.y / down;
      to.region.width = (region.right() + across - 1) / across - to.region.x;
      to.region.height = (region.bottom() + down - 1) / down - to.region.y;
      to.stride = to.region.width + 5;
      out.memory[c].assign(to.stride * to.region.height + slip::kSlack, 201);
      for (int y = 0; y < to.region.height; ++y) {
        const std::uint8_t* row = from.data + (to.region.y + y) * from.stride + to.region.x;
        std::copy_n(row, to.region.width, out.memory[c].begin() + y * to.stride);
      }
      to.data = out.memory[c].data();
    }
    return out;
  }

  std::uint8_t at(int c, int x, int y) const {
    const slip::Plane& plane = planes.plane[c];
    return plane.data[y * plane.stride + x];
  }

  // The samples themselves, planes one after the other.
  std::vector<std::uint8_t> rgb() const {
    std::vector<std::uint8_t> out;
    for (int c = 0; c < 3; ++c) out.insert(out.end(), memory[c].begin(), memory[c].end() - slip::kSlack);
    return out;
  }
};

inline slip::View whole(int width, int height, int out_width, int out_height) {
  slip::View view;
  view.box = {0, 0, double(width), double(height)};
  view.bounds = {0, 0, width, height};
  view.width = out_width;
  view.height = out_height;
  return view;
}

inline slip::Output levels(slip::Layout layout = slip::Layout::nchw) {
  const double zero[3] = {0, 0, 0}, one[3] = {1, 1, 1};
  return slip::Output::make(slip::DType::uint8, layout, false, zero, one);
}

// The bytes of the picture. What lies behind its end must stay as it was.
inline std::vector<std::uint8_t> draw(const Image& image, const slip::View& view, int orientation,
                                      slip::Fidelity fidelity, const slip::Output& output = levels()) {
  slip::Info info;
  info.orientation = static_cast<std::uint8_t>(orientation);
  info.width = image.planes.width;
  info.height = image.planes.height;
  slip::Arena arena;
  const std::size_t size = std::size_t(3) * view.width * view.height * slip::item_size(output.dtype);
  std::vector<std::uint8_t> out(size + 64, 0xa5);
  const slip::Status status = slip::render(image.planes, view, info, fidelity, output, arena, out.data());
  if (!status.ok()) check::fail(__FILE__, __LINE__, status.reason);
  CHECK(std::count(out.begin() + size, out.end(), 0xa5) == 64);
  out.resize(size);
  return out;
}

}  // namespace scenes
