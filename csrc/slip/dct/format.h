// The constants of the dct record: see FORMAT.md, which is the law; this file only gives its numbers names.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slip::dct {

enum class Packing : std::uint8_t { compact = 0, wide = 1 };

constexpr std::size_t kFixedHeader = 60;  // up to the quantisation tables
constexpr std::size_t kTail = 64;         // zero bytes at the end of every record
constexpr int kMaxTileMcus = 16;
constexpr int kMaxMcuBlocks = 6;
constexpr int kMaxTileBlocks = kMaxTileMcus * kMaxMcuBlocks;
constexpr int kMaxQuantTables = 4;
constexpr int kTilePixels = 32;  // tile width that the encoder writes

constexpr int kMaxWidth = 12;      // bits of a coefficient, sign included
constexpr int kCodebookCode = 13;  // a width code: the group is one byte, an index into its codebook
constexpr int kMaxCodebookWidth = 4;
// What the Huffman codes of an 8-bit JPEG can hold, so that one can be written again.
constexpr int kMinDc = -1024, kMaxDc = 1023;
constexpr int kMaxAc = 1023;

constexpr int kClasses = 2;                 // 0: luma, gray and RGB; 1: Cb and Cr
constexpr int kHighContexts = 2 * 14;       // class * 14 + width code of group 3
constexpr int kExtensionContexts = 2 * 13;  // class * 13 + width of group 0
constexpr int kMaxCodeLength = 16;
constexpr std::uint16_t kEscapeWidths = 0xffff;     // escape symbol of the two width alphabets
constexpr std::uint16_t kEscapeExtension = 0x8000;  // and of the extension's
constexpr int kDictionarySize = 4096;               // of packing wide; entry 0 is the escape
constexpr int kWideHeadBits = 14;                   // 12 bits of dictionary index, 2 of extension bytes
constexpr int kCodebookSize = 256;

constexpr std::uint8_t kNoAdobe = 255;  // the source has no Adobe segment

}  // namespace slip::dct
