// The law of random resized crops: where each sample is cut, drawn from its own stream.
#pragma once

#include <array>

#include "slip/image.h"
#include "slip/random.h"

namespace slip {

struct CropLaw {
  std::array<double, 2> scale{0.08, 1.0};         // of the image's area, uniform
  std::array<double, 2> ratio{3.0 / 4, 4.0 / 3};  // width / height, log-uniform
  // false: torchvision's RandomResizedCrop.get_params: up to 10 tries until a crop fits, then the centre,
  // clamped to the ratio. true: without a loop: ratio, then the long edge uniformly from what scale and image
  // allow.
  bool direct = false;
};

// A crop inside a width x height image, both at least 1.
Rect draw_crop(const CropLaw& law, const Stream& stream, int width, int height);

}  // namespace slip
