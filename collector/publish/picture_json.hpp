#pragma once

#include <optional>
#include <string>

#include "collector/publish/as_graph.hpp"
#include "collector/publish/share_series.hpp"
#include "collector/publish/snapshot.hpp"
#include "collector/record/history.hpp"

namespace isthmus::collector {

/// What a picture of the past is made from.
struct PictureWish {
  std::string target;
  Family family = Family::Ipv4;
  Plane plane = Plane::Control;
  std::optional<Prefix> prefix;  ///< with its more specifics
};

/// Reads the routes that stood at some time in [from, until).
Result<std::vector<RouteInterval>> read_routes(const History& history, const PictureWish& wish,
                                               TimePoint from, TimePoint until);

/// The documents of /api/v1/shares and /api/v1/graph.
std::string shares_json(const PictureWish& wish, const TimeSteps& steps, const ShareSeries& series,
                        const Snapshot& snapshot);
/// The series as CSV: a line for each step and upstream.
std::string shares_csv(const PictureWish& wish, const ShareSeries& series);
std::string graph_json(const PictureWish& wish, TimePoint at, const AsGraph& graph,
                       const Snapshot& snapshot);

}  // namespace isthmus::collector
