#include "slip/upsample.h"

#include <algorithm>
#include <string>

#include "slip/simd.h"

namespace slip {

Span Sampling::made_of(Span span) const {
  if (ratio == 1) return span;
  Span out{span.first / ratio, (span.last - 1) / ratio + 1};
  if (triangle) {
    if (span.first % 2 == 0) out.first = std::max(out.first - 1, 0);
    if (span.last % 2 == 0) out.last = std::min(out.last + 1, size);
  }
  return out;
}

Status sampling_of(const Planes& planes, int component, PlaneSampling& sampling) {
  const Plane& plane = planes.plane[component];
  const std::string which = "component " + std::to_string(component) + ": ";
  if (plane.h < 1 || plane.v < 1 || planes.h_max % plane.h != 0 || planes.v_max % plane.v != 0) {
    return {Code::unsupported, which + "expected a sampling factor that divides " +
                                   std::to_string(planes.h_max) + "x" + std::to_string(planes.v_max) +
                                   ", got " + std::to_string(plane.h) + "x" + std::to_string(plane.v)};
  }
  const int across = planes.h_max / plane.h, down = planes.v_max / plane.v;
  // libjpeg-turbo's choice: the triangle for 2x1, 1x2 and 2x2, but not where two or fewer columns must be
  // doubled.
  const bool wide_enough = across == 1 || plane.full_width > 2;
  const bool triangle = across <= 2 && down <= 2 && wide_enough;
  sampling.x = {across, triangle && across == 2, plane.full_width, plane.shift};
  sampling.y = {down, triangle && down == 2, plane.full_height, plane.shift};
  if (plane.full_width != (planes.width + across - 1) / across ||
      plane.full_height != (planes.height + down - 1) / down) {
    return {Code::corrupt, which + "its size " + std::to_string(plane.full_width) + "x" +
                               std::to_string(plane.full_height) + " does not match the image"};
  }
  return {};
}

const UpsampleKernels& upsample_kernels() {
#if SLIP_X86
  if (simd_level() == Simd::avx2) return upsample_kernels_avx2;
#endif
  return upsample_kernels_portable;
}

Upsampler::Upsampler(const Plane& plane, const PlaneSampling& sampling, int first, int last, Arena& arena)
    : plane_(plane), sampling_(sampling), first_(first) {
  const int ratio = sampling.x.ratio;
  column_ = first / ratio - (sampling.x.triangle ? 1 : 0);
  columns_ = (last - 1) / ratio + 1 + (sampling.x.triangle ? 1 : 0) - column_;
  sums_ = arena.take_array<std::uint16_t>(static_cast<std::size_t>(columns_) + 32);
  out_ = arena.take_array<std::uint8_t>(static_cast<std::size_t>(columns_) * ratio + 64);
}

const std::uint8_t* Upsampler::stored_row(int y) const {
  return plane_.data + (std::clamp(y, 0, sampling_.y.size - 1) - plane_.region.y) * plane_.stride -
         plane_.region.x;
}

const std::uint8_t* Upsampler::row(int y) {
  if (sampling_.x.triangle || sampling_.y.triangle) return triangle(y);
  if (sampling_.x.ratio == 1) return stored_row(y / sampling_.y.ratio) + first_;
  return repeat(y);
}

const std::uint8_t* Upsampler::repeat(int y) {
  const int ratio = sampling_.x.ratio;
  const std::uint8_t* from = stored_row(y / sampling_.y.ratio) + column_;
  std::uint8_t* to = out_;
  for (int i = 0; i < columns_; ++i) {
    for (int k = 0; k < ratio; ++k) *to++ = from[i];
  }
  return out_ + (first_ - column_ * ratio);
}

const std::uint8_t* Upsampler::triangle(int y) {
  const UpsampleKernels& kernels = upsample_kernels();
  const bool down = sampling_.y.triangle;
  const int center = down ? y / 2 : y;
  const std::uint8_t* near = stored_row(center);
  const std::uint8_t* far = down ? stored_row(y % 2 == 0 ? center - 1 : center + 1) : near;
  // Columns beyond the component repeat its edge.
  const int left = std::max(0, column_), right = std::min(sampling_.x.size, column_ + columns_);
  kernels.blend(near + left, far + left, right - left, sums_ + (left - column_));
  if (!sampling_.x.triangle) {
    kernels.narrow(sums_, columns_, y % 2 == 0 ? 1 : 2, 2, out_);
    return out_;
  }
  if (left > column_) sums_[0] = sums_[1];
  if (right < column_ + columns_) sums_[columns_ - 1] = sums_[columns_ - 2];
  // Without a vertical neighbour the sums are four times the samples, hence two more bits to shift away.
  const int even = down ? 8 : 4, odd = down ? 7 : 8;
  kernels.spread(sums_ + 1, columns_ - 2, even, odd, 4, out_);
  return out_ + (first_ - (column_ + 1) * 2);
}

}  // namespace slip
