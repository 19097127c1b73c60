#pragma once

#include <optional>
#include <set>
#include <string>

#include "collector/publish/snapshot.hpp"

namespace isthmus::collector {

/// What of a snapshot is asked for; what is not set does not restrict.
struct StateFilter {
  std::optional<std::string> target;
  std::optional<Family> family;
  std::set<UpstreamState> states;  ///< empty: all
};

/// The documents of the API (docs/reference/openapi.yaml), each a whole JSON object.
std::string targets_json(const Snapshot& snapshot, const StateFilter& filter);
/// Nothing if there is no target of that name.
std::optional<std::string> target_json(const Snapshot& snapshot, const std::string& target);
std::string upstreams_json(const Snapshot& snapshot, const StateFilter& filter);
std::string probes_json(const Snapshot& snapshot);
std::string feeds_json(const Snapshot& snapshot);
std::string status_json(const Snapshot& snapshot);

}  // namespace isthmus::collector
