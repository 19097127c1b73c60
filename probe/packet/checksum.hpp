#pragma once

#include <cstdint>

#include "core/base/bytes.hpp"

namespace isthmus::probe {

/// Adds bytes, as big-endian words with a zero behind an odd last one, to a running sum of the
/// Internet checksum (RFC 1071). Start with zero; packets up to 64 KiB cannot overflow it.
std::uint64_t checksum_add(std::uint64_t sum, Bytes bytes);

/// The ones' complement sum in 16 bits, not inverted.
constexpr std::uint16_t checksum_fold(std::uint64_t sum) {
  while (sum >> 16 != 0) {
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<std::uint16_t>(sum);
}

/// What goes into a checksum field for this sum.
constexpr std::uint16_t checksum_of(std::uint64_t sum) {
  return static_cast<std::uint16_t>(~checksum_fold(sum));
}

/// The word that makes a packet's checksum come out as wanted, given the sum of all else with both
/// the checksum field and that word zero.
constexpr std::uint16_t checksum_fix(std::uint64_t sum, std::uint16_t wanted) {
  return checksum_of(sum + wanted);
}

}  // namespace isthmus::probe
