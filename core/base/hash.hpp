#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
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

/// The halves of a 128-bit product folded together (the step of wyhash).
inline std::uint64_t fold(std::uint64_t left, std::uint64_t right) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(left) * right;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Words of 32 bits under a secret seed: who does not know it cannot choose words that collide. For
/// tables in memory only; the value differs from machine to machine.
inline std::uint64_t hash_words(std::span<const std::uint32_t> words, std::uint64_t seed) {
  constexpr std::uint64_t kFirst = 0xa0761d6478bd642fULL;
  constexpr std::uint64_t kSecond = 0xe7037ed1a0b428dbULL;
  std::uint64_t value = seed ^ kFirst;
  std::size_t i = 0;
  for (; i + 2 <= words.size(); i += 2) {
    std::uint64_t pair = 0;
    std::memcpy(&pair, words.data() + i, sizeof(pair));
    value = fold(value ^ pair, kSecond ^ seed);
  }
  const std::uint64_t last = i < words.size() ? words[i] : 0;
  return fold(value ^ last, kSecond ^ words.size());
}

}  // namespace isthmus
