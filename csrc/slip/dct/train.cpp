#include "slip/dct/train.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "slip/dct/encode.h"
#include "slip/dct/payload_writer.h"

namespace slip::dct {
namespace {

using Counts = std::unordered_map<std::uint32_t, std::uint64_t>;
using Ranked = std::vector<std::pair<std::uint64_t, std::uint32_t>>;  // (gain, value)

constexpr std::size_t kMaxVectors = 1u << 20;  // kept per group; the rare ones go first
constexpr std::uint64_t kMinCount = 2;         // rarer symbols are escaped
constexpr std::size_t kMaxSymbols = 4096;      // of one code

// The `limit` values of greatest gain, ties broken by value so that the same sample gives the same tables.
std::vector<std::uint32_t> best(Ranked ranked, std::size_t limit) {
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (ranked.size() > limit) ranked.resize(limit);
  std::vector<std::uint32_t> values;
  for (const auto& entry : ranked) values.push_back(entry.second);
  return values;
}

void drop_rare(Counts& counts) {
  for (std::uint64_t least = 1; counts.size() > kMaxVectors; least *= 2) {
    for (auto it = counts.begin(); it != counts.end();)
      it = it->second <= least ? counts.erase(it) : std::next(it);
  }
}

int width_of_vector(std::uint32_t vector) {
  int width = 0;
  for (int i = 0; i < 8; ++i) {
    int value = static_cast<int>((vector >> (4 * i)) & 15);
    if (value > 7) value -= 16;
    int magnitude = value < 0 ? ~value : value, bits = value != 0 ? 1 : 0;
    for (; magnitude != 0; magnitude >>= 1) ++bits;
    width = std::max(width, bits);
  }
  return width;
}

// A code of the frequent symbols; the others are its escape.
HuffmanCode code_of(const Counts& counts, std::uint16_t escape) {
  Ranked ranked;
  std::uint64_t total = 0;
  for (const auto& [symbol, count] : counts) {
    total += count;
    if (count >= kMinCount && symbol != escape) ranked.emplace_back(count, symbol);
  }
  std::vector<std::pair<std::uint16_t, std::uint64_t>> chosen;
  std::uint64_t covered = 0;
  for (const std::uint32_t symbol : best(std::move(ranked), kMaxSymbols)) {
    chosen.emplace_back(static_cast<std::uint16_t>(symbol), counts.at(symbol));
    covered += counts.at(symbol);
  }
  if (chosen.empty()) chosen.emplace_back(std::uint16_t{0}, std::uint64_t{1});
  chosen.emplace_back(escape, total - covered + 1);
  return make_code(std::move(chosen));
}

template <class Visit>
void visit_blocks(const Coefficients& in, Visit&& visit) {
  const Geometry geometry = in.geometry(tile_mcus_for(in));
  const TileLayout layout = make_tile_layout(geometry);
  for (int row = 0; row < geometry.mcus_y; ++row) {
    for (int column = 0; column < geometry.tiles_x; ++column) {
      for_each_block(in, geometry, layout, row, column, visit);
    }
  }
}

}  // namespace

Trainer::Trainer(Packing packing) { model_.packing = packing; }

void Trainer::count_vectors(const Coefficients& in) {
  visit_blocks(in, [&](const Block& block, int) {
    for (int g = 1; g < 8; ++g) {
      if (block.width[g] > 1 && block.width[g] <= kMaxCodebookWidth) ++vectors_[g][pack_vector(block, g)];
    }
  });
  for (Counts& counts : vectors_) drop_rare(counts);
}

void Trainer::choose_codebooks() {
  for (int g = 1; g < 8; ++g) {
    Ranked ranked;  // by the bytes that an index saves
    for (const auto& [vector, count] : vectors_[g]) {
      ranked.emplace_back(count * static_cast<std::uint64_t>(width_of_vector(vector) - 1), vector);
    }
    model_.codebook[g] = best(std::move(ranked), kCodebookSize);
    vectors_[g].clear();
  }
}

void Trainer::count_symbols(const Coefficients& in) {
  const EncodeTables tables(model_);  // only its codebooks are looked up
  visit_blocks(in, [&](const Block& block, int component) {
    if (model_.packing == Packing::wide) {
      ++widths_[pack_widths(block.width)];
      return;
    }
    const int cls = class_of(in.model, component);
    const WidthCodes codes = width_codes(block, tables);
    ++low_[cls][codes.low];
    ++high_[codes.high_context(cls)][codes.high];
    ++extension_[cls * 13 + block.width[0]][static_cast<std::uint16_t>(block.extension)];
  });
}

Model Trainer::finish() const {
  Model model = model_;
  if (model.packing == Packing::wide) {
    Ranked ranked;
    for (const auto& [widths, count] : widths_) ranked.emplace_back(count, widths);
    model.dictionary = best(std::move(ranked), kDictionarySize - 1);
    return model;
  }
  for (int c = 0; c < kClasses; ++c) model.low[c] = code_of(low_[c], kEscapeWidths);
  for (int c = 0; c < kHighContexts; ++c) model.high[c] = code_of(high_[c], kEscapeWidths);
  for (int c = 0; c < kExtensionContexts; ++c) model.extension[c] = code_of(extension_[c], kEscapeExtension);
  return model;
}

}  // namespace slip::dct
