#include "slip/dct/encode_tables.h"

#include <algorithm>
#include <numeric>

namespace slip::dct {
namespace {

constexpr int kHighAlphabet = kClasses, kExtensionAlphabet = kHighAlphabet + kHighContexts;
constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr int kEscapeBytes = 4;  // what the widths of a block outside the dictionary take

std::uint64_t word_key(int alphabet, std::uint16_t symbol) {
  return static_cast<std::uint64_t>(alphabet) << 16 | symbol;
}

std::uint64_t vector_key(int g, std::uint32_t vector) { return static_cast<std::uint64_t>(g) << 32 | vector; }

// One byte per width.
std::uint64_t spread(std::uint32_t widths) {
  std::uint64_t bytes = 0;
  for (int g = 0; g < 8; ++g) bytes |= static_cast<std::uint64_t>(widths >> (4 * g) & 15) << (8 * g);
  return bytes;
}

int total(std::uint64_t spread_widths) { return static_cast<int>(spread_widths * kOnes >> 56); }

std::size_t words_in(const Model& model) {
  std::size_t count = 0;
  for (const HuffmanCode& code : model.low) count += code.symbols.size();
  for (const HuffmanCode& code : model.high) count += code.symbols.size();
  for (const HuffmanCode& code : model.extension) count += code.symbols.size();
  return count;
}

}  // namespace

FlatMap::FlatMap(std::size_t expected) {
  std::size_t size = 16;
  while (size < 2 * expected) size *= 2;
  slots_.assign(size, Slot{kEmpty, kMissing});
  mask_ = size - 1;
}

std::size_t FlatMap::place(std::uint64_t key) const {
  std::size_t i = static_cast<std::size_t>((key * 0x9e3779b97f4a7c15u) >> 32) & mask_;
  while (slots_[i].key != kEmpty && slots_[i].key != key) i = (i + 1) & mask_;
  return i;
}

void FlatMap::set(std::uint64_t key, std::uint32_t value) { slots_[place(key)] = Slot{key, value}; }

std::uint32_t FlatMap::find(std::uint64_t key) const { return slots_[place(key)].value; }

EncodeTables::EncodeTables(const Model& model)
    : words_(words_in(model)), vectors_(8 * kCodebookSize), dictionary_(model.dictionary.size()) {
  for (std::size_t i = 0; i < model.dictionary.size(); ++i) {
    dictionary_.set(model.dictionary[i], static_cast<std::uint32_t>(i + 1));
  }
  if (model.packing == Packing::wide) {
    sort_dictionary(model);
    return;
  }
  for (int g = 1; g < 8; ++g) {
    for (std::size_t i = 0; i < model.codebook[g].size(); ++i) {
      vectors_.set(vector_key(g, model.codebook[g][i]), static_cast<std::uint32_t>(i));
    }
  }
  for (int c = 0; c < kClasses; ++c) add(c, model.low[c], kEscapeWidths);
  for (int c = 0; c < kHighContexts; ++c) add(kHighAlphabet + c, model.high[c], kEscapeWidths);
  for (int c = 0; c < kExtensionContexts; ++c)
    add(kExtensionAlphabet + c, model.extension[c], kEscapeExtension);
}

void EncodeTables::add(int alphabet, const HuffmanCode& code, std::uint16_t escape) {
  escapes_.emplace_back();
  for (const Codeword& word : codewords(code)) {
    if (word.symbol == escape) {
      escapes_.back() = BitString{word.bits, word.length};
    } else {
      words_.set(word_key(alphabet, word.symbol), static_cast<std::uint32_t>(word.length) << 16 | word.bits);
    }
  }
}

bool EncodeTables::find(int alphabet, std::uint16_t symbol, BitString& word) const {
  const std::uint32_t found = words_.find(word_key(alphabet, symbol));
  if (found == FlatMap::kMissing) {
    word = escapes_[static_cast<std::size_t>(alphabet)];
    return false;
  }
  word = BitString{found & 0xffff, static_cast<int>(found >> 16)};
  return true;
}

bool EncodeTables::low(int cls, std::uint16_t symbol, BitString& word) const {
  return find(cls, symbol, word);
}

bool EncodeTables::high(int context, std::uint16_t symbol, BitString& word) const {
  return find(kHighAlphabet + context, symbol, word);
}

bool EncodeTables::extension(int context, std::int16_t value, BitString& word) const {
  return find(kExtensionAlphabet + context, static_cast<std::uint16_t>(value), word);
}

int EncodeTables::codebook(int g, std::uint32_t vector) const {
  const std::uint32_t found = vectors_.find(vector_key(g, vector));
  return found == FlatMap::kMissing ? -1 : static_cast<int>(found);
}

int EncodeTables::dictionary(std::uint32_t widths) const {
  const std::uint32_t found = dictionary_.find(widths);
  return found == FlatMap::kMissing ? 0 : static_cast<int>(found);
}

void EncodeTables::sort_dictionary(const Model& model) {
  model_entries_ = model.dictionary;
  sorted_index_.resize(model.dictionary.size());
  std::iota(sorted_index_.begin(), sorted_index_.end(), 1);
  std::stable_sort(sorted_index_.begin(), sorted_index_.end(), [&](int a, int b) {
    return total(spread(dictionary_entry(a))) < total(spread(dictionary_entry(b)));
  });
  for (const int index : sorted_index_) {
    sorted_widths_.push_back(spread(dictionary_entry(index)));
    sorted_bytes_.push_back(total(sorted_widths_.back()));
  }
}

int EncodeTables::covering_entry(std::uint32_t widths) const {
  const std::uint64_t least = spread(widths);
  const int bytes = total(least);
  const auto first =
      std::lower_bound(sorted_bytes_.begin(), sorted_bytes_.end(), bytes) - sorted_bytes_.begin();
  for (auto i = static_cast<std::size_t>(first);
       i < sorted_widths_.size() && sorted_bytes_[i] < bytes + kEscapeBytes; ++i) {
    // No byte borrows: every width is less than 128.
    if ((((sorted_widths_[i] | 0x80 * kOnes) - least) & 0x80 * kOnes) == 0x80 * kOnes)
      return sorted_index_[i];
  }
  return 0;
}

}  // namespace slip::dct
