#pragma once

#include <cstdint>
#include <span>

namespace isthmus::probe {

/// 128 secret bits. Two engines with different keys take each other's replies for foreign.
struct SipKey {
  std::uint64_t low = 0;   ///< the first eight octets, little-endian
  std::uint64_t high = 0;  ///< the last eight
};

/// SipHash-2-4 (Aumasson and Bernstein, 2012) over words, each standing for eight octets in
/// little-endian order.
std::uint64_t siphash(const SipKey& key, std::span<const std::uint64_t> words);

}  // namespace isthmus::probe
