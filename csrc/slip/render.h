// Planes to the pixels of one sample of a batch: crop, antialiased resize, orientation, flip, colour, dtype,
// layout.
#pragma once

#include <cstdint>

#include "slip/arena.h"
#include "slip/image.h"
#include "slip/output.h"
#include "slip/status.h"

namespace slip {

enum class Fidelity : std::uint8_t {
  fast,   // every plane is resized from its own resolution, colour is converted at the output size
  exact,  // fancy upsampling and colour at the source size as libjpeg-turbo does, then the resize of Pillow
};

// What one output shows. All coordinates are those of the oriented image, which is what users see.
struct View {
  Box box;      // what is resampled to width x height
  Rect bounds;  // samples the filter may touch: the crop for crop-then-resize, the image for resize-then-crop
  int width = 0, height = 0;  // output size; equal to an integral box's size means no resampling at all
  bool flip = false;          // mirrored left to right, after everything else
};

// The stored rectangle that `view` of an image needs, with the margin that chroma upsampling reads.
Rect stored_region(const View& view, const Info& info);

// Writes one image. `planes` must hold at least stored_region(view, info).
Status render(const Planes& planes, const View& view, const Info& info, Fidelity fidelity,
              const Output& output, Arena& arena, void* destination);

}  // namespace slip
