#pragma once

#include <cstdint>
#include <vector>

#include "collector/detect/status.hpp"

namespace isthmus::collector {

/// The last values of something, in the order in which they came.
class RecentDurations {
 public:
  void add(Duration value);
  [[nodiscard]] std::optional<Duration> median() const;
  [[nodiscard]] const std::vector<Duration>& values() const { return values_; }

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.values_, self.next_);
  }

 private:
  std::vector<Duration> values_;
  std::uint32_t next_ = 0;  ///< where the next value goes once there are enough
};

/// Round-trip times of one upstream (detection.md c.8): all in buckets, the last ones exactly.
class UpstreamRtt {
 public:
  void add(const TraceEvidence& trace);
  [[nodiscard]] RttStats stats() const;

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.counts_, self.count_, self.sum_, self.min_, self.recent_, self.gaps_);
  }

 private:
  std::array<std::uint64_t, kRttBounds.size() + 1> counts_{};
  std::uint64_t count_ = 0;
  Duration sum_{};
  std::optional<Duration> min_;
  RecentDurations recent_;
  RecentDurations gaps_;
};

}  // namespace isthmus::collector
