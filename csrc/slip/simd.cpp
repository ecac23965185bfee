#include "slip/simd.h"

#include <atomic>
#include <cstdlib>
#include <stdexcept>
#include <string>

namespace slip {
namespace {

bool supported(Simd level) {
  if (level == Simd::portable) return true;
#if SLIP_X86
  // Every processor with AVX2 has F16C, for which clang 14 has no name here.
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma");
#else
  return false;
#endif
}

Simd detect() {
  const char* asked = std::getenv("SLIPSTREAM_SIMD");
  if (asked == nullptr || *asked == '\0') return supported(Simd::avx2) ? Simd::avx2 : Simd::portable;
  const std::string name = asked;
  for (Simd level : {Simd::portable, Simd::avx2}) {
    if (name != simd_name(level)) continue;
    if (supported(level)) return level;
    throw std::runtime_error("SLIPSTREAM_SIMD: expected a level that this processor runs, got \"" + name +
                             "\"; do unset it or set it to portable");
  }
  throw std::runtime_error("SLIPSTREAM_SIMD: expected portable or avx2, got \"" + name + "\"; do unset it");
}

constexpr int kUnknown = -1;
std::atomic<int> current{kUnknown};

}  // namespace

Simd simd_level() {
  const int level = current.load(std::memory_order_relaxed);
  if (level != kUnknown) return static_cast<Simd>(level);
  const Simd found = detect();
  current.store(static_cast<int>(found), std::memory_order_relaxed);
  return found;
}

void force_simd_level(Simd level) {
  if (!supported(level)) {
    throw std::runtime_error(std::string("SIMD level: expected one that this processor runs, got ") +
                             simd_name(level));
  }
  current.store(static_cast<int>(level), std::memory_order_relaxed);
}

const char* simd_name(Simd level) { return level == Simd::avx2 ? "avx2" : "portable"; }

}  // namespace slip
