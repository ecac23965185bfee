// Entropy tables made from the statistics of a sample of images.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "slip/dct/coefficients.h"
#include "slip/dct/tables.h"

namespace slip::dct {

// Packing compact is trained in two passes over the same images: count_vectors for each, choose_codebooks,
// then count_symbols for each. Packing wide needs count_symbols alone.
class Trainer {
 public:
  explicit Trainer(Packing packing);
  void count_vectors(const Coefficients& in);
  void choose_codebooks();
  void count_symbols(const Coefficients& in);
  Model finish() const;

 private:
  using Counts = std::unordered_map<std::uint32_t, std::uint64_t>;
  Model model_;  // the codebooks, once they are chosen
  Counts vectors_[8];
  Counts low_[kClasses], high_[kHighContexts], extension_[kExtensionContexts], widths_;
};

}  // namespace slip::dct
