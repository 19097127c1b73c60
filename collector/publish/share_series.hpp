#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// Equal steps of time: [from, until) is cut into steps, the last one may be cut short.
struct TimeSteps {
  TimePoint from;
  TimePoint until;
  Duration step;

  [[nodiscard]] std::size_t count() const;
};

struct UpstreamSeries {
  Asn asn;
  std::vector<std::optional<double>> share;  ///< the mean over each step; nothing without a route
};

struct ShareSeries {
  std::vector<TimePoint> times;           ///< beginnings of the steps
  std::vector<double> groups;             ///< vantage groups with a route, the mean over each step
  std::vector<UpstreamSeries> upstreams;  ///< the largest share first
};

/// Shares over time of one target, family and plane, from its route intervals; means over the time
/// in which there was a route at all.
ShareSeries share_series(const std::vector<RouteInterval>& intervals, const TimeSteps& steps);

}  // namespace isthmus::collector
