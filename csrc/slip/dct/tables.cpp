#include "slip/dct/tables.h"

#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

#include "slip/dct/builtin_tables.h"
#include "slip/dct/encode_tables.h"
#include "slip/dct/record.h"

namespace slip::dct {
namespace {

std::vector<std::uint32_t> width_entries(const HuffmanCode& code) {
  std::vector<std::uint32_t> entries;
  for (const std::uint16_t symbol : code.symbols) {
    std::uint32_t entry = symbol;
    if (symbol == kEscapeWidths) entry = kEntryEscape;
    for (int g = 0; g < 4 && symbol != kEscapeWidths; ++g) {
      if (((symbol >> (4 * g)) & 15) == kCodebookCode) entry |= 1u << (24 + g);
    }
    entries.push_back(entry);
  }
  return entries;
}

std::vector<std::uint32_t> extension_entries(const HuffmanCode& code) {
  std::vector<std::uint32_t> entries;
  for (const std::uint16_t symbol : code.symbols)
    entries.push_back(symbol == kEscapeExtension ? kEntryEscape : symbol);
  return entries;
}

// Eight 4-bit two's complement values to eight int8.
std::uint64_t widen_vector(std::uint32_t vector) {
  std::uint64_t wide = 0;
  for (int i = 0; i < 8; ++i) {
    const std::uint32_t nibble = (vector >> (4 * i)) & 15;
    const std::uint64_t byte = nibble < 8 ? nibble : nibble | 0xf0;
    wide |= byte << (8 * i);
  }
  return wide;
}

class Registry {
 public:
  static Registry& get() {
    static Registry* registry = new Registry;  // outlives every thread that may still decode at exit
    return *registry;
  }
  TablesPtr find(std::uint64_t id) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const TablesPtr& tables : known_) {
      if (tables->id() == id) return tables;
    }
    return nullptr;
  }
  // The tables of that id that are known from now on.
  TablesPtr add(TablesPtr tables) {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const TablesPtr& other : known_) {
      if (other->id() == tables->id()) return other;
    }
    known_.push_back(tables);
    return tables;
  }

 private:
  std::mutex mutex_;
  std::vector<TablesPtr> known_;
};

TablesPtr make_builtin(Packing packing) {
  const std::vector<std::uint8_t> bytes = builtin_bytes(packing);
  TablesPtr tables;
  const Status status = register_tables(Bytes{bytes.data(), bytes.size()}, tables);
  return status.ok() ? tables : nullptr;
}

}  // namespace

Tables::Tables(Model model) : model_(std::move(model)), bytes_(serialise(model_)) {
  id_ = hash_bytes(Bytes{bytes_.data(), bytes_.size()});
  if (model_.packing == Packing::compact) {
    build_compact();
  } else {
    build_wide();
  }
  encode_ = std::make_unique<EncodeTables>(model_);
}

Tables::~Tables() = default;

void Tables::build_compact() {
  low_.bits = kLowBits;
  high_.bits = kHighBits;
  extension_.bits = kExtensionBits;
  for (const HuffmanCode& code : model_.low) add_context(low_, code, width_entries(code));
  for (const HuffmanCode& code : model_.high) add_context(high_, code, width_entries(code));
  for (const HuffmanCode& code : model_.extension) add_context(extension_, code, extension_entries(code));
  codebook_.assign(8 * kCodebookSize, 0);
  for (std::size_t g = 1; g < 8; ++g) {
    for (std::size_t i = 0; i < model_.codebook[g].size(); ++i) {
      codebook_[g * kCodebookSize + i] = widen_vector(model_.codebook[g][i]);
    }
  }
  view_.low = low_.primary.data();
  view_.low_long = low_.secondary.data();
  view_.high = high_.primary.data();
  view_.high_long = high_.secondary.data();
  view_.extension = extension_.primary.data();
  view_.extension_long = extension_.secondary.data();
  view_.codebook = codebook_.data();
}

void Tables::build_wide() {
  dictionary_.assign(kDictionarySize, 0);
  for (std::size_t i = 0; i < model_.dictionary.size(); ++i) dictionary_[i + 1] = model_.dictionary[i];
  view_.dictionary = dictionary_.data();
}

std::uint64_t hash_bytes(Bytes bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (std::size_t i = 0; i < bytes.size; ++i) hash = (hash ^ bytes.data[i]) * 0x100000001b3u;
  return hash;
}

Status register_tables(Bytes bytes, TablesPtr& tables) {
  tables = Registry::get().find(hash_bytes(bytes));
  if (tables == nullptr) {
    Model model;
    if (Status s = parse_model(bytes, model); !s.ok()) return s;
    tables = Registry::get().add(std::make_shared<const Tables>(std::move(model)));
  }
  if (tables->bytes() != std::vector<std::uint8_t>(bytes.data, bytes.data + bytes.size)) {
    return Status(Code::corrupt, "entropy tables: other tables with the same id are in use");
  }
  return {};
}

TablesPtr builtin_tables(Packing packing) {
  static const TablesPtr compact = make_builtin(Packing::compact);
  static const TablesPtr wide = make_builtin(Packing::wide);
  return packing == Packing::compact ? compact : wide;
}

TablesPtr find_tables(std::uint64_t id) {
  for (const Packing packing : {Packing::compact, Packing::wide}) {
    if (const TablesPtr tables = builtin_tables(packing); tables != nullptr && tables->id() == id)
      return tables;
  }
  return Registry::get().find(id);
}

Status tables_of(const Header& header, TablesPtr& tables) {
  tables = find_tables(header.tables);
  if (tables == nullptr) {
    char id[17];
    std::snprintf(id, sizeof id, "%016llx", static_cast<unsigned long long>(header.tables));
    return Status(Code::unsupported, std::string("dct record: its entropy tables ") + id +
                                         " are not known; open the cache that it belongs to first");
  }
  if (tables->model().packing != header.packing) {
    return Status(Code::corrupt, "dct record: its entropy tables are of another packing");
  }
  return {};
}

}  // namespace slip::dct
