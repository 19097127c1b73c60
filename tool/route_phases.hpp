#pragma once

#include <optional>
#include <vector>

#include "core/route/observation.hpp"

namespace isthmus::tool {

/// Who carried a prefix for a time, over all vantage groups.
struct RoutePhase {
  Prefix prefix;
  TimePoint from;
  std::optional<TimePoint> until;  ///< nothing while it lasts
  std::optional<Asn> upstream;     ///< of most groups; nothing while none had a route
  double lowest_share = 1;         ///< of that upstream during the phase, 0 to 1
  double highest_share = 0;
  std::size_t groups = 0;  ///< vantage groups with a route, at most
};

/// A span of time, half open; without a bound where there is none.
struct TimeWindow {
  std::optional<TimePoint> from;
  std::optional<TimePoint> until;
};

/// Sums intervals of single vantage points up to phases: who carried each prefix for most groups. A
/// phase shorter than `shortest` is path exploration and joins its neighbour. Phases are cut to the
/// window, outside of which the intervals need not be complete.
std::vector<RoutePhase> route_phases(std::vector<RouteInterval> intervals, const TimeWindow& window,
                                     Duration shortest);

}  // namespace isthmus::tool
