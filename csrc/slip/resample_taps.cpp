#include "slip/resample_taps.h"

#include <algorithm>
#include <cmath>

namespace slip {
namespace {

// Weights of whole samples [first, first + count).
struct Weights {
  int first = 0, count = 0;
  int* weight = nullptr;
};

// Fills the tables of one axis, output by output.
class TapMaker {
 public:
  TapMaker(const Axis& axis, const Sampling& sampling, int bits, Arena& arena)
      : axis_(axis),
        sampling_(sampling),
        q8_(bits == kQ8Bits),
        one_(1 << bits),
        scale_(axis.scale()),
        support_(std::max(scale_, 1.0)),
        inverse_(1.0 / support_),
        begin_(axis.begin - axis.low) {
    const int most = static_cast<int>(std::ceil(2 * support_)) + 3;
    stride_ = most / sampling.ratio + 3;
    scratch_ = arena.take_array<double>(most);
    // Zeros to either side let compose_triangle() read beyond the taps.
    image_.weight = arena.take_array<int>(most + 2 * kZeros) + kZeros;
    if (sampling.shift > 0) component_.weight = arena.take_array<int>(stride_);
  }

  int stride() const { return stride_; }

  // The taps of output `index`, counted from the near end, in out.weight, which has room for stride()
  // weights.
  void make(int index, Weights& out) {
    if (sampling_.shift == 0) return make_whole(index, out);
    make_whole(index, component_);
    reduce(component_, out);
  }

 private:
  // The same for samples of the component.
  void make_whole(int index, Weights& out) {
    Weights& image = sampling_.ratio == 1 ? out : image_;
    const double center = begin_ + (index + 0.5) * scale_;
    const bool two = q8_ && scale_ <= 1 && between_two(center, image);
    if (!two) triangle(center, image);
    if (sampling_.triangle) {
      if (!two || !compose_two(out)) compose_triangle(out);
    } else if (sampling_.ratio > 1) {
      compose_repeat(out);
    }
  }

  // Without antialiasing the filter is linear interpolation, unless the edge cuts it off.
  bool between_two(double center, Weights& out) const {
    const double position = center - 0.5;
    const int first = static_cast<int>(position);
    if (position < 0 || first + 1 >= axis_.high - axis_.low) return false;
    const int second = static_cast<int>((position - first) * one_ + 0.5);
    out.first = first + axis_.low;
    out.count = 2;
    out.weight[0] = std::min(one_ - second, one_ - 1);
    out.weight[1] = std::min(second, one_ - 1);
    return true;
  }

  // `center` is relative to the bounds, as in Pillow after a crop.
  void triangle(double center, Weights& out) {
    const Span span = touched(axis_, center, support_);
    out.first = span.first + axis_.low;
    out.count = span.last - span.first;
    double sum = 0;
    for (int k = 0; k < out.count; ++k) {
      scratch_[k] = std::max(0.0, 1.0 - std::fabs((k + span.first - center + 0.5) * inverse_));
      sum += scratch_[k];
    }
    // A box that leaves its bounds by rounding may see nothing but the edge.
    if (sum <= 0) sum = scratch_[0] = 1;
    const double unit = 1.0 / sum;
    for (int k = 0; k < out.count; ++k) out.weight[k] = static_cast<int>(scratch_[k] * unit * one_ + 0.5);
    if (q8_) add_up(out, static_cast<int>(center) + axis_.low);
  }

  // Rounding must not make flat areas brighter or darker. A whole sample does not fit sixteen bits: the Q8
  // kernels' rounding makes up for it.
  void add_up(Weights& out, int center) const {
    int left = one_;
    for (int k = 0; k < out.count; ++k) left -= out.weight[k];
    int& weight = out.weight[std::clamp(center - out.first, 0, out.count - 1)];
    weight = std::min(weight + left, one_ - 1);
  }

  void compose_repeat(Weights& out) const {
    set_span(out);
    std::fill_n(out.weight, out.count, 0);
    for (int k = 0; k < image_.count; ++k) {
      out.weight[(image_.first + k) / sampling_.ratio - out.first] += image_.weight[k];
    }
    if (q8_) add_up(out, out.first + out.count / 2);
  }

  // What compose_triangle() gives for two taps away from the ends.
  bool compose_two(Weights& out) const {
    const int near = image_.weight[0], far = image_.weight[1], j = image_.first >> 1;
    if (image_.first & 1) {
      out.first = j;
      out.count = 2;
      out.weight[0] = (3 * near + far + 2) >> 2;
      out.weight[1] = one_ - out.weight[0];
      return true;
    }
    if (j < 1 || j + 1 >= sampling_.size) return false;
    out.first = j - 1;
    out.count = 3;
    out.weight[0] = (near + 2) >> 2;
    out.weight[2] = (far + 2) >> 2;
    out.weight[1] = one_ - out.weight[0] - out.weight[2];
    return true;
  }

  // Component sample j weighs 3/4 in image samples 2 j and 2 j + 1, and 1/4 in their outer neighbours.
  void compose_triangle(Weights& out) {
    set_span(out);
    int* weight = image_.weight;
    for (int k = 0; k < kZeros; ++k) weight[-1 - k] = weight[image_.count + k] = 0;
    for (int j = 0; j < out.count; ++j) {
      const int* pair = weight + 2 * (out.first + j) - image_.first;
      out.weight[j] = (3 * (pair[0] + pair[1]) + pair[-1] + pair[2] + 2) >> 2;
    }
    // At its ends the component is continued by its outermost samples.
    const int last = sampling_.size - 1;
    if (image_.first == 0) out.weight[0] += (weight[0] + 2) >> 2;
    const int beyond = 2 * last + 1 - image_.first;
    if (beyond < image_.count) out.weight[last - out.first] += (weight[beyond] + 2) >> 2;
    add_up(out, (image_.first + image_.count / 2) >> 1);
  }

  // A reduced sample weighs what its samples do, and within it they are taken to rise or fall as its
  // neighbours say, which makes up for most of what their mean does not tell.
  void reduce(const Weights& whole, Weights& out) const {
    const int shift = sampling_.shift, size = 1 << shift, end = whole.first + whole.count;
    out.first = whole.first >> shift;
    out.count = ((end - 1) >> shift) + 1 - out.first;
    std::fill_n(out.weight, out.count, 0);
    for (int j = 0; j < out.count; ++j) {
      const int begin = (out.first + j) << shift;
      long long sum = 0, moment = 0;  // the moment in halves of a sample
      for (int i = std::max(begin, whole.first); i < std::min(begin + size, end); ++i) {
        const int weight = whole.weight[i - whole.first];
        sum += weight;
        moment += static_cast<long long>(weight) * (2 * (i - begin) - (size - 1));
      }
      const int before = std::max(j - 1, 0), after = std::min(j + 1, out.count - 1);
      const int rise =
          before == after ? 0 : static_cast<int>(std::lround(moment / (2.0 * size * (after - before))));
      out.weight[j] += static_cast<int>(sum);
      out.weight[before] -= rise;
      out.weight[after] += rise;
    }
    // The passes know no weights below zero, which the ends may come to.
    int& middle = out.weight[out.count / 2];
    for (int j = 0; j < out.count; ++j) {
      middle += std::min(out.weight[j], 0);
      out.weight[j] = std::max(out.weight[j], 0);
    }
  }

  void set_span(Weights& out) const {
    const Span span = sampling_.made_of({image_.first, image_.first + image_.count});
    out.first = span.first;
    out.count = span.last - span.first;
  }

  static constexpr int kZeros = 3;
  const Axis& axis_;
  const Sampling& sampling_;
  const bool q8_;
  const int one_;
  const double scale_, support_, inverse_, begin_;
  int stride_;
  double* scratch_;
  Weights image_, component_;
};

}  // namespace

Taps make_taps(const Axis& axis, const Sampling& sampling, int bits, Arena& arena) {
  const int n = axis.outputs;
  TapMaker maker(axis, sampling, bits, arena);
  Taps taps;
  taps.outputs = n;
  taps.stride = maker.stride();
  taps.start = arena.take_array<int>(n);
  taps.count = arena.take_array<int>(n);
  taps.weight = arena.take_array<int>(static_cast<std::size_t>(n) * taps.stride);
  taps.low = sampling.size;
  for (int i = 0; i < n; ++i) {
    const int at = axis.mirror ? n - 1 - i : i;
    Weights out;
    out.weight = taps.weight + at * taps.stride;
    maker.make(i, out);
    taps.start[at] = out.first;
    taps.count[at] = out.count;
    taps.max_count = std::max(taps.max_count, out.count);
    taps.low = std::min(taps.low, out.first);
    taps.high = std::max(taps.high, out.first + out.count);
  }
  return taps;
}

}  // namespace slip
