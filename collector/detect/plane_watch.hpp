#pragma once

#include <optional>
#include <vector>

#include "collector/detect/deadlines.hpp"
#include "collector/detect/event_builder.hpp"

namespace isthmus::collector {

/// Tells when packets and routes have said different things for long: reality and BGP may part
/// (detection.md 0.9), and then neither is to be believed alone.
class PlaneWatch {
 public:
  void judge(const Scene& scene, std::vector<Event>& events, Deadlines& due);

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.since_, self.told_);
  }

 private:
  std::optional<TimePoint> since_;
  bool told_ = false;
};

}  // namespace isthmus::collector
