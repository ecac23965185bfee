#include "slip/jpeg/baseline.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "slip/idct.h"
#include "slip/idct_reduced.h"
#include "slip/jpeg/mcu.h"
#include "slip/jpeg/scan.h"

namespace slip::jpeg {
namespace {

constexpr int kBlock = 8;
// MCUs that are decoded before their blocks are transformed: their coefficients stay in the first-level
// cache.
constexpr int kChunk = 8;

int divide_up(int a, int b) { return (a + b - 1) / b; }

// A built table and the definition it was built from. Most files have the standard tables, so that the table
// of the last file is mostly that of the next.
struct CachedTable {
  std::vector<std::uint8_t> definition;
  HuffmanTable table;
};

// Null where the definition is no valid code.
const HuffmanTable* table_of(const HuffmanDefinition& definition, bool dc, int id) {
  thread_local std::unique_ptr<CachedTable> cache[2][4];
  std::unique_ptr<CachedTable>& cached = cache[dc ? 0 : 1][id];
  const std::size_t size = 16 + definition.symbols;
  if (cached && cached->definition.size() == size &&
      std::memcmp(cached->definition.data(), definition.data, size) == 0) {
    return &cached->table;
  }
  if (!cached) cached = std::make_unique<CachedTable>();
  cached->definition.clear();
  if (!cached->table.build(definition.data, definition.symbols, dc)) return nullptr;
  cached->definition.assign(definition.data, definition.data + size);
  return &cached->table;
}

class BaselineDecoder {
 public:
  BaselineDecoder(Bytes file, const Scan& scan, const Rect& region, const Scales& scales)
      : scan_(scan), frame_(scan.frame), bytes_(file, scan.position) {
    const int mcu_width = kBlock * frame_.h_max, mcu_height = kBlock * frame_.v_max;
    columns_ = divide_up(frame_.width, mcu_width);
    first_column_ = region.x / mcu_width;
    end_column_ = divide_up(region.right(), mcu_width);
    first_row_ = region.y / mcu_height;
    end_row_ = divide_up(region.bottom(), mcu_height);
    state_.next = bytes_.next();
    until_restart_ = scan.restart_interval;
    int ratio_x[3], ratio_y[3];
    for (int c = 0; c < frame_.count; ++c) {
      ratio_x[c] = divide_up(frame_.h_max, frame_.component[c].h);
      ratio_y[c] = divide_up(frame_.v_max, frame_.component[c].v);
    }
    reduction_ = reduction_for(scales, frame_.count, ratio_x, ratio_y);
  }

  bool decode(Arena& arena, Planes& planes) {
    if (!lay_out_mcu()) return false;
    make_planes(arena, planes);
    for (int row = 0; row < end_row_; ++row) {
      if (row < first_row_) {
        if (!skip(columns_)) return false;
      } else {
        const int rest = row + 1 < end_row_ ? columns_ - end_column_ : 0;
        if (!skip(first_column_) || !decode_row(row) || !skip(rest)) return false;
      }
      if (bytes_.overrun(state_.next, state_.count) || !predictions_are_sane()) return false;
    }
    return true;
  }

 private:
  bool lay_out_mcu() {
    int offset = 0;
    for (int c = 0; c < frame_.count; ++c) {
      const Component& component = frame_.component[c];
      const HuffmanTable* dc = table_of(scan_.dc[scan_.dc_table[c]], true, scan_.dc_table[c]);
      const HuffmanTable* ac = table_of(scan_.ac[scan_.ac_table[c]], false, scan_.ac_table[c]);
      if (dc == nullptr || ac == nullptr) return false;
      offset_[c] = offset;
      for (int v = 0; v < component.v; ++v, offset += kChunk * component.h) {
        for (int h = 0; h < component.h; ++h)
          layout_.block[layout_.count++] = {dc, ac, c, offset + h, component.h};
      }
    }
    return true;
  }

  void make_planes(Arena& arena, Planes& planes) {
    planes.model = scan_.model;
    planes.count = frame_.count;
    planes.width = frame_.width;
    planes.height = frame_.height;
    planes.h_max = frame_.h_max;
    planes.v_max = frame_.v_max;
    for (int c = 0; c < frame_.count; ++c) {
      const int h = frame_.component[c].h, v = frame_.component[c].v;
      const int full_width = divide_up(frame_.width * h, frame_.h_max);
      const int full_height = divide_up(frame_.height * v, frame_.v_max);
      const Rect decoded{first_column_ * h * kBlock, first_row_ * v * kBlock,
                         (end_column_ - first_column_) * h * kBlock, (end_row_ - first_row_) * v * kBlock};
      const int shift = reduction_.shift[c];
      stride_[c] = (decoded.width >> shift) + kSlack;
      samples_[c] = arena.take_array<std::uint8_t>(static_cast<std::size_t>(stride_[c]) *
                                                   static_cast<std::size_t>(decoded.height >> shift));
      const Rect true_samples{decoded.x, decoded.y, std::min(decoded.right(), full_width) - decoded.x,
                              std::min(decoded.bottom(), full_height) - decoded.y};
      planes.plane[c] = {samples_[c], stride_[c], reduced(true_samples, shift), full_width, full_height, h,
                         v,           shift};
    }
  }

  bool skip(int count) {
    return in_intervals(
        count, [this](int part) { return decode_mcus(bytes_, state_, layout_, part, nullptr, nullptr); });
  }

  bool decode_row(int row) {
    int column = first_column_;
    while (column < end_column_) {
      const int chunk = std::min(kChunk, end_column_ - column);
      int done = 0;
      const bool valid = in_intervals(chunk, [&](int part) {
        McuLayout shifted = layout_;
        for (int b = 0; b < shifted.count; ++b) shifted.block[b].offset += done * shifted.block[b].step;
        done += part;
        return decode_mcus(bytes_, state_, shifted, part, coefficients_, extents_);
      });
      if (!valid) return false;
      transform(row - first_row_, column - first_column_, chunk);
      column += chunk;
    }
    return true;
  }

  // Calls body(part) for parts of `count` MCUs that lie within one restart interval each.
  template <class Body>
  bool in_intervals(int count, Body body) {
    while (count > 0) {
      if (scan_.restart_interval > 0 && until_restart_ == 0 && !restart()) return false;
      const int part = scan_.restart_interval > 0 ? std::min(count, until_restart_) : count;
      if (!body(part)) return false;
      until_restart_ -= part;
      count -= part;
    }
    return true;
  }

  bool restart() {
    if (!bytes_.restart(next_restart_, state_.next, state_.count)) return false;
    next_restart_ = (next_restart_ + 1) & 7;
    until_restart_ = scan_.restart_interval;
    state_ = ReaderState{};
    state_.next = bytes_.next();
    return true;
  }

  void transform(int row, int column, int chunk) {
    for (int c = 0; c < frame_.count; ++c) {
      const Component& component = frame_.component[c];
      for (int v = 0; v < component.v; ++v) {
        const int first = offset_[c] + v * kChunk * component.h;
        const int shift = reduction_.shift[c], side = kBlock >> shift, blocks = chunk * component.h;
        const std::int16_t* coefficients = coefficients_ + 64 * first;
        const std::uint16_t* quant = scan_.quant[component.quant];
        std::uint8_t* destination =
            samples_[c] + (row * component.v + v) * side * stride_[c] + column * component.h * side;
        if (shift > 0) {
          idct_row_reduced(coefficients, blocks, quant, shift, destination, stride_[c]);
        } else {
          idct_row(coefficients, extents_ + first, blocks, quant, destination, stride_[c]);
        }
      }
    }
  }

  // Differences of DC add up without limit in damaged files; libjpeg has its own opinion about their
  // overflow.
  bool predictions_are_sane() const {
    constexpr std::int32_t kLimit = 1 << 26;
    return std::all_of(state_.prediction, state_.prediction + 3, [](std::uint32_t prediction) {
      const auto value = static_cast<std::int32_t>(prediction);
      return value > -kLimit && value < kLimit;
    });
  }

  const Scan& scan_;
  const Frame& frame_;
  EntropyBytes bytes_;
  ReaderState state_;
  McuLayout layout_;
  int columns_, first_column_, end_column_, first_row_, end_row_;  // in MCUs
  int until_restart_, next_restart_ = 0;
  int offset_[3] = {};  // of a component's blocks in coefficients_, in blocks
  std::uint8_t* samples_[3] = {};
  std::ptrdiff_t stride_[3] = {};
  Reduction reduction_;
  alignas(32) std::int16_t coefficients_[kChunk * kMaxBlocksInMcu * 64];
  std::uint8_t extents_[kChunk * kMaxBlocksInMcu];
};

}  // namespace

bool decode_baseline(Bytes file, const Rect& region, Arena& arena, Planes& planes, const Scales& scales) {
  Scan scan;
  if (!read_scan(file, scan)) return false;
  if (region.right() > scan.frame.width || region.bottom() > scan.frame.height) return false;
  return BaselineDecoder(file, scan, region, scales).decode(arena, planes);
}

}  // namespace slip::jpeg
