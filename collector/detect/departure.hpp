#pragma once

#include <cstddef>
#include <set>

#include "collector/detect/deadlines.hpp"
#include "collector/detect/support.hpp"

namespace isthmus::collector {

/// How the vantage groups stand to an upstream that is known.
struct Following {
  std::set<Asn> on_it;      ///< name it for some prefix
  std::set<Asn> loyal;      ///< have done so for the persistence time
  std::set<Asn> elsewhere;  ///< name another for a prefix that it carried
};

/// Counts the groups, and notes in the record which prefixes the upstream carries and who is on it.
Following follow(const Scene& scene, UpstreamRecord& record, Deadlines& due);

/// Groups that were on an upstream and are seen now; of these, who has gone elsewhere.
struct Departure {
  std::size_t former = 0;
  std::size_t moved = 0;
};

/// Whether all but zombies have left it for another (detection.md c.7): peers that keep a route
/// which everybody else has given up (Fontugne et al. 2019) hold nobody.
std::optional<Departure> departure_of(const Scene& scene, const UpstreamRecord& record,
                                      const Following& following);

/// How long the departure must last before it is told: longer where zombies contradict.
Duration departure_time(const Following& following, const DetectorSettings& settings);

/// Prefixes that the upstream carried until it left, with their shares before and now.
std::vector<PrefixChange> left_prefixes(const Scene& scene, const UpstreamRecord& record);

}  // namespace isthmus::collector
