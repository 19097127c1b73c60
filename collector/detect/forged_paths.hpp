#pragma once

#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "collector/detect/target.hpp"
#include "core/route/event.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Paths in which a target carries somebody else's prefix. A network at the edge does not: the path
/// was forged or leaked (the `22351 131279 51040` of 2013), says nothing of upstreams, and is told
/// as a finding of its own, once a day for each prefix and origin.
class ForgedPaths {
 public:
  /// Takes in a route whose path has the target's AS, but not at its end.
  void add(const Target& target, const Route& route, Asn carried, Asn origin);
  /// Tells all that was seen up to a time.
  std::vector<Event> tell(TimePoint until, const DetectorSettings& settings);

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.pending_, self.told_);
  }

 private:
  struct Sight {
    TimePoint time;
    std::string target;
    Prefix prefix;
    Asn carrier;
    Asn origin;
    VantagePoint vantage;
    std::string path;
    friend auto operator<=>(const Sight&, const Sight&) = default;

    template <typename Self, typename Archive>
    static void fields(Self& self, Archive& archive) {
      archive(self.time, self.target, self.prefix, self.carrier, self.origin, self.vantage,
              self.path);
    }
  };
  std::set<Sight> pending_;
  std::map<std::tuple<std::string, Prefix, Asn>, TimePoint> told_;
};

}  // namespace isthmus::collector
