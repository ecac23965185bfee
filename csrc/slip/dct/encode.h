// Coefficients to records.
#pragma once

#include <cstdint>
#include <vector>

#include "slip/dct/coefficients.h"
#include "slip/dct/tables.h"

namespace slip::dct {

// A record of the tables' packing.
std::vector<std::uint8_t> encode_record(const Coefficients& in, const Tables& tables);

// MCUs that make a tile kTilePixels wide.
int tile_mcus_for(const Coefficients& in);

// JPEG to record. Code::unsupported where a record cannot hold the image: the caller keeps its bytes.
Status transcode(Bytes jpeg, const KeepMarkers& keep, const Tables& tables,
                 std::vector<std::uint8_t>& record);

}  // namespace slip::dct
