#pragma once

#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// A time in which work on a target's connections is announced: what changes then is no news.
struct MaintenanceWindow {
  TimePoint from;
  TimePoint until;
  friend bool operator==(const MaintenanceWindow&, const MaintenanceWindow&) = default;
};

/// The network whose upstreams are watched (detection.md c.1).
struct Target {
  std::string name;
  std::vector<Asn> origins;          ///< O_T: the ASes that may originate the watched prefixes
  std::vector<Prefix> prefixes;      ///< P_T: watched; empty: every prefix that an origin announces
  std::vector<Asn> siblings;         ///< S_T: ASes of the same organisation, skipped as upstreams
  std::vector<Asn> known_upstreams;  ///< ends learning at once when not empty (c.5)
  std::vector<MaintenanceWindow> maintenance;  ///< half open; nothing is confirmed or lost in them
  friend bool operator==(const Target&, const Target&) = default;
};

/// Parameters of the detector; the defaults are those of detection.md c.4 to c.10. All of them are
/// stored with each event.
struct DetectorSettings {
  Duration lateness = std::chrono::seconds{120};     ///< input may be out of order by this much
  Duration persistence = std::chrono::seconds{180};  ///< T_persist
  Duration return_persistence =
      std::chrono::seconds{60};                        ///< the same for a known upstream's return
  Duration half_life = std::chrono::seconds{1800};     ///< H of the group weights
  Duration peer_standing = std::chrono::seconds{60};   ///< a BGP peer's state counts when this old
  Duration probe_interval = std::chrono::seconds{60};  ///< I: freshness and gaps follow from it
  Duration learning = std::chrono::hours{24};
  Duration establish = std::chrono::hours{24 * 7};
  double candidate_score = 9.0;    ///< nats needed for PROBABLE
  std::vector<Asn> route_servers;  ///< ASNs that IXP route servers leave in paths: stripped
  bool strip_reserved = true;      ///< private and reserved ASNs are no upstreams: stripped
  friend bool operator==(const DetectorSettings&, const DetectorSettings&) = default;
};

}  // namespace isthmus::collector
