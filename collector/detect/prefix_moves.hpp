#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "collector/detect/lifecycle.hpp"

namespace isthmus::collector {

/// Finds what happens among upstreams that are known already: a prefix that moves from one to the
/// other, and shares that shift though no prefix has moved.
class PrefixMoves {
 public:
  explicit PrefixMoves(const DetectorSettings& settings) : settings_{settings} {}

  void judge(const Scene& scene, const Lifecycle& lifecycle, bool frozen,
             std::vector<Event>& events, Deadlines& due);

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.carriers_, self.settling_, self.reference_, self.shifted_since_);
  }

 private:
  struct Carrier {
    std::optional<Asn> told;       ///< the upstream that was told last to carry most of the prefix
    std::optional<Asn> candidate;  ///< the one that seems to have taken over
    TimePoint since;               ///< since when it seems so

    template <typename Self, typename Archive>
    static void fields(Self& self, Archive& archive) {
      archive(self.told, self.candidate, self.since);
    }
  };
  void fold_changes(const Scene& scene, const Lifecycle& lifecycle);
  void judge_prefix(const Scene& scene, const Lifecycle& lifecycle, const Prefix& prefix,
                    Carrier& carrier, std::vector<Event>& events, Deadlines& due);
  void judge_shift(const Scene& scene, const Lifecycle& lifecycle, bool quiet,
                   std::vector<Event>& events, Deadlines& due);

  const DetectorSettings& settings_;
  std::map<Prefix, Carrier> carriers_;
  std::map<Asn, TimePoint> settling_;  ///< upstreams whose change is still spreading, until when
  std::map<Asn, double> reference_;    ///< shares as told last
  std::optional<TimePoint> shifted_since_;
};

}  // namespace isthmus::collector
