#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/base/time.hpp"

namespace isthmus::collector {

/// The last round-trip times of one vantage point over one upstream, in microseconds.
class RttWindow {
 public:
  void add(Duration rtt);
  void clear() { *this = {}; }
  [[nodiscard]] std::span<const std::uint32_t> values() const { return {values_.data(), size_}; }
  [[nodiscard]] std::uint32_t median() const;

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.values_, self.size_, self.next_);
    if constexpr (Archive::kReads) {
      if (self.size_ > kSize || self.next_ >= kSize) {
        self.clear();
        archive.fail();
      }
    }
  }

 private:
  static constexpr std::uint8_t kSize = 12;
  std::array<std::uint32_t, kSize> values_{};
  std::uint8_t size_ = 0;
  std::uint8_t next_ = 0;
};

/// Whether the times changed their mode: a Mann-Whitney test with p < 0.001, and medians that
/// differ by more than 10 ms (detection.md c.8). It corroborates, and proves nothing alone.
bool is_other_mode(const RttWindow& before, const RttWindow& after);

}  // namespace isthmus::collector
