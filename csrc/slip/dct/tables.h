// Entropy tables: what they are, their bytes (hostile input when read), and the registry that records name
// them by.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "slip/dct/format.h"
#include "slip/dct/huffman.h"
#include "slip/image.h"
#include "slip/status.h"

namespace slip::dct {

struct Model {
  Packing packing = Packing::compact;
  // compact
  std::vector<std::uint32_t> codebook[8];  // eight 4-bit two's complement values each; codebook[0] is empty
  HuffmanCode low[kClasses];               // width codes of groups 0-3, four bits each
  HuffmanCode high[kHighContexts];         // width codes of groups 4-7
  HuffmanCode extension[kExtensionContexts];
  // wide
  std::vector<std::uint32_t> dictionary;  // entries 1, 2, ...: the widths of groups 0-7, four bits each
};

std::vector<std::uint8_t> serialise(const Model& model);
Status parse_model(Bytes bytes, Model& model);

// What the decoder looks up, as plain pointers (see Lookup). Entries of low and high: bits 0-15 the symbol,
// 21 escape, 24-27 which of the four groups are codebook indices. Entries of extension: bits 0-15 the value,
// 21 escape.
struct DecodeTables {
  const std::uint32_t* low = nullptr;
  const std::uint32_t* low_long = nullptr;
  const std::uint32_t* high = nullptr;
  const std::uint32_t* high_long = nullptr;
  const std::uint32_t* extension = nullptr;
  const std::uint32_t* extension_long = nullptr;
  const std::uint64_t* codebook = nullptr;    // [8][256] vectors of eight int8
  const std::uint32_t* dictionary = nullptr;  // [4096]
};
constexpr int kLowBits = 12, kHighBits = 10, kExtensionBits = 8;
constexpr std::uint32_t kEntryEscape = 1u << 21;

class EncodeTables;

class Tables {
 public:
  explicit Tables(Model model);
  ~Tables();
  std::uint64_t id() const { return id_; }
  const Model& model() const { return model_; }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  const DecodeTables& decode() const { return view_; }
  const EncodeTables& encode() const { return *encode_; }

 private:
  void build_compact();
  void build_wide();
  Model model_;
  std::vector<std::uint8_t> bytes_;
  std::uint64_t id_ = 0;
  Lookup low_, high_, extension_;
  std::vector<std::uint64_t> codebook_;
  std::vector<std::uint32_t> dictionary_;
  DecodeTables view_;
  std::unique_ptr<EncodeTables> encode_;
};

using TablesPtr = std::shared_ptr<const Tables>;

// FNV-1a, 64 bits.
std::uint64_t hash_bytes(Bytes bytes);

// Makes the tables known to this process. The same bytes twice are the same tables.
Status register_tables(Bytes bytes, TablesPtr& tables);
// The built-in or registered tables of that id, or null.
TablesPtr find_tables(std::uint64_t id);
TablesPtr builtin_tables(Packing packing);

struct Header;
// The tables that a record names, checked to be of its packing.
Status tables_of(const Header& header, TablesPtr& tables);

}  // namespace slip::dct
