#pragma once

#include <cstdint>
#include <string_view>

namespace isthmus {

/// Scatters the bits of a number (the finaliser of MurmurHash3, fmix64). Not for hostile keys.
constexpr std::uint64_t mix(std::uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  value ^= value >> 33;
  return value;
}

/// Joins a further value to a hash; the order counts.
constexpr std::uint64_t combine(std::uint64_t seed, std::uint64_t value) {
  return mix(seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2)));
}

/// FNV-1a over a text, finished by `mix`: stable across runs, machines and versions, so that it may
/// be stored.
constexpr std::uint64_t hash_text(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325ULL;
  for (const char each : text) {
    value = (value ^ static_cast<unsigned char>(each)) * 0x100000001b3ULL;
  }
  return mix(value);
}

}  // namespace isthmus
