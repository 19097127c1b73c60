#pragma once

#include <array>
#include <cstdint>

#include "core/base/hash.hpp"

namespace isthmus::probe {

/// A pseudo-random order of the numbers below `size`, without memory: a Feistel network over the
/// next even power of two, whose outcomes past the end are sent through again (at most four walks
/// on average, whatever the size).
class Permutation {
 public:
  Permutation(std::uint64_t size, std::uint64_t seed) : size_{size} {
    while ((std::uint64_t{1} << (2 * half_bits_)) < size) {
      ++half_bits_;
    }
    for (std::uint64_t i = 0; i < keys_.size(); ++i) {
      keys_[i] = combine(seed, i);
    }
  }

  /// The number at a position; both below `size`.
  [[nodiscard]] std::uint64_t operator[](std::uint64_t position) const {
    do {
      position = scatter(position);
    } while (position >= size_);
    return position;
  }

 private:
  [[nodiscard]] std::uint64_t scatter(std::uint64_t value) const {
    const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
    std::uint64_t left = value >> half_bits_;
    std::uint64_t right = value & mask;
    for (const std::uint64_t key : keys_) {
      const std::uint64_t mixed = left ^ (mix(right + key) & mask);
      left = right;
      right = mixed;
    }
    return left << half_bits_ | right;
  }

  std::uint64_t size_;
  unsigned half_bits_ = 1;
  std::array<std::uint64_t, 4> keys_{};
};

}  // namespace isthmus::probe
