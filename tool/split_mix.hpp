#pragma once

#include <cstdint>

namespace isthmus::tool {

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine, which the distributions
/// of the standard library do not promise.
class SplitMix {
 public:
  explicit constexpr SplitMix(std::uint64_t seed) : state_{seed} {}

  constexpr std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t value = state_;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
  }
  /// A number below `bound`, which is at most 2^32; 0 if the bound is 0.
  constexpr std::uint64_t below(std::uint64_t bound) { return (next() >> 32) * bound >> 32; }

 private:
  std::uint64_t state_;
};

}  // namespace isthmus::tool
