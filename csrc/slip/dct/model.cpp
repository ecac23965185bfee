// The bytes of entropy tables.
#include <algorithm>
#include <string>

#include "slip/dct/bytes_io.h"
#include "slip/dct/tables.h"

namespace slip::dct {
namespace {

constexpr std::uint8_t kMagic[4] = {0x93, 'S', 'L', 'T'};
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeader = 12;

Status corrupt(const std::string& why) { return Status(Code::corrupt, "entropy tables: " + why); }

// Reads numbers until the bytes end; after that, zeros and failed().
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}
  std::uint32_t u16() { return take(2) ? load_u16(bytes_.data + at_ - 2) : 0; }
  std::uint32_t u32() { return take(4) ? load_u32(bytes_.data + at_ - 4) : 0; }
  std::size_t left() const { return bytes_.size - at_; }
  bool failed() const { return failed_; }

 private:
  bool take(std::size_t count) {
    if (left() < count) {
      failed_ = true;
      at_ = bytes_.size;
      return false;
    }
    at_ += count;
    return true;
  }
  Bytes bytes_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

void write_code(std::vector<std::uint8_t>& out, const HuffmanCode& code) {
  for (int l = 1; l <= kMaxCodeLength; ++l) append_le(out, code.counts[l]);
  for (const std::uint16_t symbol : code.symbols) append_le(out, symbol);
}

Status read_code(Reader& in, std::uint16_t escape, HuffmanCode& code) {
  std::uint32_t total = 0;
  for (int l = 1; l <= kMaxCodeLength; ++l) {
    code.counts[l] = static_cast<std::uint16_t>(in.u16());
    total += code.counts[l];
  }
  if (total * std::size_t{2} > in.left()) return corrupt("a code is cut off");
  code.symbols.resize(total);
  for (std::uint16_t& symbol : code.symbols) symbol = static_cast<std::uint16_t>(in.u16());
  if (!is_complete(code)) return corrupt("a code is not complete");
  if (std::find(code.symbols.begin(), code.symbols.end(), escape) == code.symbols.end()) {
    return corrupt("a code has no escape");
  }
  return {};
}

bool are_width_codes(std::uint32_t symbol, int groups, std::uint32_t limit) {
  for (int g = 0; g < groups; ++g) {
    if (((symbol >> (4 * g)) & 15) > limit) return false;
  }
  return true;
}

Status read_width_code(Reader& in, bool low, HuffmanCode& code) {
  if (Status s = read_code(in, kEscapeWidths, code); !s.ok()) return s;
  for (const std::uint16_t symbol : code.symbols) {
    const bool valid = are_width_codes(symbol, 4, kCodebookCode) && !(low && (symbol & 15) == kCodebookCode);
    if (symbol != kEscapeWidths && !valid) return corrupt("an impossible width");
  }
  return {};
}

Status read_compact(Reader& in, Model& model) {
  for (int g = 1; g < 8; ++g) {
    const std::uint32_t count = in.u16();
    if (count > kCodebookSize) return corrupt("a codebook of " + std::to_string(count) + " vectors");
    model.codebook[g].resize(count);
    for (std::uint32_t& vector : model.codebook[g]) vector = in.u32();
  }
  for (HuffmanCode& code : model.low) {
    if (Status s = read_width_code(in, true, code); !s.ok()) return s;
  }
  for (HuffmanCode& code : model.high) {
    if (Status s = read_width_code(in, false, code); !s.ok()) return s;
  }
  for (HuffmanCode& code : model.extension) {
    if (Status s = read_code(in, kEscapeExtension, code); !s.ok()) return s;
  }
  return {};
}

Status read_wide(Reader& in, Model& model) {
  const std::uint32_t count = in.u16();
  if (count >= kDictionarySize) return corrupt("a dictionary of " + std::to_string(count) + " entries");
  model.dictionary.resize(count);
  for (std::uint32_t& widths : model.dictionary) {
    widths = in.u32();
    if (!are_width_codes(widths, 8, kMaxWidth)) return corrupt("an impossible width");
  }
  return {};
}

}  // namespace

std::vector<std::uint8_t> serialise(const Model& model) {
  std::vector<std::uint8_t> out(kMagic, kMagic + 4);
  out.push_back(kVersion);
  out.push_back(static_cast<std::uint8_t>(model.packing));
  out.resize(kHeader, 0);
  if (model.packing == Packing::compact) {
    for (int g = 1; g < 8; ++g) {
      append_le(out, static_cast<std::uint16_t>(model.codebook[g].size()));
      for (const std::uint32_t vector : model.codebook[g]) append_le(out, vector);
    }
    for (const HuffmanCode& code : model.low) write_code(out, code);
    for (const HuffmanCode& code : model.high) write_code(out, code);
    for (const HuffmanCode& code : model.extension) write_code(out, code);
  } else {
    append_le(out, static_cast<std::uint16_t>(model.dictionary.size()));
    for (const std::uint32_t widths : model.dictionary) append_le(out, widths);
  }
  store_le(out.data() + 8, static_cast<std::uint32_t>(out.size()));
  return out;
}

Status parse_model(Bytes bytes, Model& model) {
  if (bytes.size < kHeader || std::memcmp(bytes.data, kMagic, 4) != 0) return corrupt("not entropy tables");
  if (bytes.data[4] != kVersion) {
    return Status(Code::unsupported, "entropy tables of version " + std::to_string(bytes.data[4]));
  }
  if (bytes.data[5] > 1) return corrupt("unknown packing");
  if (load_u16(bytes.data + 6) != 0) return corrupt("bytes that must be zero are not");
  if (load_u32(bytes.data + 8) != bytes.size) return corrupt("their size field does not match their size");
  model = Model();
  model.packing = static_cast<Packing>(bytes.data[5]);
  Reader in(Bytes{bytes.data + kHeader, bytes.size - kHeader});
  Status status = model.packing == Packing::compact ? read_compact(in, model) : read_wide(in, model);
  if (!status.ok()) return status;
  if (in.failed() || in.left() != 0) return corrupt("too short or too long");
  return {};
}

}  // namespace slip::dct
