// Which instruction set the kernels use: chosen once per process, at run time.
#pragma once

namespace slip {

enum class Simd { portable, avx2 };

// The best level this processor runs, or the one that SLIPSTREAM_SIMD=portable|avx2 names. Asking for a level
// that the processor lacks, or for an unknown name, throws std::runtime_error.
Simd simd_level();

// For tests: overrides the level of this process from now on.
void force_simd_level(Simd level);

const char* simd_name(Simd level);

}  // namespace slip
