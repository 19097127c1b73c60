#pragma once

#include <map>
#include <vector>

#include "collector/detect/deadlines.hpp"
#include "collector/detect/event_builder.hpp"

namespace isthmus::collector {

/// Tells when many vantage groups reach the same upstream over another network than before: a leak
/// or a change beyond the upstream, which is none of the target's (detection.md b.6).
class TransitShift {
 public:
  void judge(const Scene& scene, std::vector<Event>& events, Deadlines& due);

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.told_);
  }

 private:
  std::map<Asn, TimePoint> told_;  ///< by the network that stands before the upstream now
};

}  // namespace isthmus::collector
