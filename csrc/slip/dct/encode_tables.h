// What the encoder looks up: code words by symbol, codebook and dictionary indices by content.
#pragma once

#include <cstdint>
#include <vector>

#include "slip/dct/tables.h"

namespace slip::dct {

// A hash map from 64-bit keys to 32-bit values, filled once.
class FlatMap {
 public:
  explicit FlatMap(std::size_t expected);
  void set(std::uint64_t key, std::uint32_t value);
  // The value, or kMissing.
  std::uint32_t find(std::uint64_t key) const;
  static constexpr std::uint32_t kMissing = 0xffffffff;

 private:
  struct Slot {
    std::uint64_t key;
    std::uint32_t value;
  };
  std::size_t place(std::uint64_t key) const;
  std::vector<Slot> slots_;
  std::size_t mask_;
};

struct BitString {
  std::uint32_t bits = 0;
  int length = 0;
};

class EncodeTables {
 public:
  explicit EncodeTables(const Model& model);
  // The code word, or false where the symbol must be escaped: then `word` is the escape's.
  bool low(int cls, std::uint16_t symbol, BitString& word) const;
  bool high(int context, std::uint16_t symbol, BitString& word) const;
  bool extension(int context, std::int16_t value, BitString& word) const;
  // Index in the codebook of group g of eight packed 4-bit values, or -1.
  int codebook(int g, std::uint32_t vector) const;
  // Index in the dictionary of eight packed widths, or 0.
  int dictionary(std::uint32_t widths) const;
  std::uint32_t dictionary_entry(int index) const {
    return model_entries_[static_cast<std::size_t>(index - 1)];
  }
  // Index of the entry with the least bytes whose widths are all at least these, or 0 where an escape is
  // cheaper.
  int covering_entry(std::uint32_t widths) const;

 private:
  void add(int alphabet, const HuffmanCode& code, std::uint16_t escape);
  bool find(int alphabet, std::uint16_t symbol, BitString& word) const;
  void sort_dictionary(const Model& model);
  FlatMap words_, vectors_, dictionary_;
  std::vector<BitString> escapes_;
  std::vector<std::uint32_t> model_entries_;
  // The dictionary by rising number of payload bytes: one byte per width, that number, the index.
  std::vector<std::uint64_t> sorted_widths_;
  std::vector<int> sorted_bytes_, sorted_index_;
};

}  // namespace slip::dct
