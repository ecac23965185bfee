#include "slip/dct/encode.h"

#include <algorithm>
#include <new>

#include "slip/dct/payload_writer.h"

namespace slip::dct {
namespace {

Header header_of(const Coefficients& in, const Tables& tables) {
  Header header;
  header.packing = tables.model().packing;
  header.orientation = in.orientation;
  header.width = in.width;
  header.height = in.height;
  header.tables = tables.id();
  header.components = in.components;
  header.model = in.model;
  header.adobe = in.adobe;
  header.tile_mcus = tile_mcus_for(in);
  header.quant_tables = in.quant_tables;
  std::copy(in.component, in.component + 3, header.component);
  return header;
}

}  // namespace

int tile_mcus_for(const Coefficients& in) {
  const int h_max = in.geometry(1).h_max;
  return std::max(1, kTilePixels / (8 * h_max));
}

std::vector<std::uint8_t> encode_record(const Coefficients& in, const Tables& tables) {
  const Header header = header_of(in, tables);
  const Geometry geometry = in.geometry(header.tile_mcus);
  const TileLayout layout = make_tile_layout(geometry);
  std::vector<std::uint8_t> payload;
  std::vector<std::uint32_t> lengths;
  CompactTileWriter compact(tables.encode());
  WideTileWriter wide(tables.encode());
  for (int row = 0; row < geometry.mcus_y; ++row) {
    for (int column = 0; column < geometry.tiles_x; ++column) {
      const std::size_t start = payload.size();
      for_each_block(in, geometry, layout, row, column, [&](const Block& block, int component) {
        if (header.packing == Packing::compact) {
          compact.add(block, class_of(in.model, component));
        } else {
          wide.add(block);
        }
      });
      if (header.packing == Packing::compact) {
        compact.finish(payload);
      } else {
        wide.finish(payload);
      }
      lengths.push_back(static_cast<std::uint32_t>(payload.size() - start));
    }
  }
  return build_record(header, in.quant[0].data(), in.segments, lengths, payload);
}

Status transcode(Bytes jpeg, const KeepMarkers& keep, const Tables& tables,
                 std::vector<std::uint8_t>& record) {
  Coefficients coefficients;
  if (Status s = read_jpeg(jpeg, keep, coefficients); !s.ok()) return s;
  try {
    record = encode_record(coefficients, tables);
  } catch (const std::bad_alloc&) {
    return Status(Code::out_of_memory, "no memory for its record");
  }
  return {};
}

}  // namespace slip::dct
