#pragma once

#include <optional>
#include <vector>

#include "collector/detect/deadlines.hpp"
#include "collector/detect/event_builder.hpp"
#include "collector/detect/lifecycle.hpp"

namespace isthmus::collector {

/// Tells when a target is gone for nearly everybody, when many lose it, and when too few see it to
/// decide anything (detection.md c.7, c.9, c.10).
class Reachability {
 public:
  explicit Reachability(const DetectorSettings& settings) : settings_{settings} {}

  void judge(const Scene& scene, std::vector<Event>& events, Deadlines& due);

  /// Whether the clocks of upstreams have to stand still, and why.
  [[nodiscard]] Freeze freeze() const {
    return {unreachable_ ? "t_unreachable" : low_ ? "coverage_low" : std::string_view{}};
  }
  /// Whether many have lost the target lately: then shares shift for no other reason.
  [[nodiscard]] bool losing() const { return loss_since_.has_value(); }
  [[nodiscard]] bool unreachable() const { return unreachable_; }

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.unreachable_, self.gone_since_, self.told_gone_, self.gone_id_, self.low_,
            self.covered_, self.loss_since_, self.told_loss_, self.live_);
  }

 private:
  void judge_coverage(const Scene& scene, std::vector<Event>& events, Deadlines& due);
  void judge_loss(const Scene& scene, double part, std::vector<Event>& events, Deadlines& due);

  const DetectorSettings& settings_;
  bool unreachable_ = false;
  std::optional<TimePoint> gone_since_;
  bool told_gone_ = false;
  std::string gone_id_;
  bool low_ = false;
  bool covered_ = false;  ///< there were enough groups at least once
  std::optional<TimePoint> loss_since_;
  bool told_loss_ = false;
  /// Numbers of live groups within the last two probe intervals, each with its beginning.
  std::vector<std::pair<TimePoint, std::size_t>> live_;
};

}  // namespace isthmus::collector
