#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

enum class GraphRole : std::uint8_t { Target, Upstream, Transit, Vantage, Other };

/// "target", "upstream", "transit", "vantage" or "other".
std::string_view to_string(GraphRole role);

struct GraphNode {
  std::string id;
  std::optional<Asn> asn;  ///< nothing for what stands for many
  GraphRole role = GraphRole::Transit;
  std::size_t layer = 0;  ///< hops before the target, the most over all paths
  double share = 0;       ///< of the target's space that goes through it
};

struct GraphLink {
  std::string from;  ///< the end that is further from the target
  std::string to;
  double share = 0;
  std::size_t groups = 0;  ///< vantage groups that go over it
  TimePoint since;         ///< beginning of the route over it that has lasted longest
};

/// The AS links over which a target is reached. It has no circles: an AS that stands before another
/// in some paths and behind it in others has a node for each.
struct AsGraph {
  std::size_t groups = 0;          ///< vantage groups with a route
  std::optional<TimePoint> since;  ///< the picture was the same from then ...
  std::optional<TimePoint> until;  ///< ... until then
  std::vector<GraphNode> nodes;    ///< by layer, then the largest first
  std::vector<GraphLink> links;    ///< the largest first
};

struct GraphLimits {
  std::size_t hops = 4;    ///< before the target
  std::size_t nodes = 60;  ///< the smallest of a layer beyond that are put together
};

/// The graph from the routes that stood at one time, weighed as `RouteTally` does.
AsGraph as_graph(const std::vector<RouteInterval>& standing, const GraphLimits& limits);

}  // namespace isthmus::collector
