#pragma once

#include <map>
#include <vector>

#include "collector/detect/status.hpp"

namespace isthmus::collector {

/// Asks for sweeps, and for no more than the probes and the target should bear (detection.md c.7):
/// one at first suspicion within ten minutes for each upstream, six an hour for the target; and two
/// an hour on the word of one vantage group, so that a forger cannot use up what others need.
class SweepPlanner {
 public:
  /// At first suspicion. `group`: the only one that has named the upstream, if it is one.
  bool suspect(const SweepRequest& request, std::optional<Asn> group);
  /// After the hold time; one for each suspicion, so that it needs no limit of its own.
  void hold(const SweepRequest& request);

  std::vector<SweepRequest> take();
  [[nodiscard]] const std::map<SweepKind, std::uint64_t>& counts() const { return counts_; }

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.last_, self.recent_);
  }

 private:
  std::vector<SweepRequest> requests_;
  std::map<Asn, TimePoint> last_;                  ///< by upstream
  std::vector<std::pair<TimePoint, Asn>> recent_;  ///< within the hour; AS 0: on several words
  std::map<SweepKind, std::uint64_t> counts_;
};

}  // namespace isthmus::collector
