#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "collector/feed/mrt_writer.hpp"
#include "core/base/result.hpp"
#include "core/route/as_path.hpp"
#include "core/route/route.hpp"

namespace isthmus::tool {

/// A BGP peer of a route collector.
struct ScenarioVantage {
  VantagePoint point;
  std::size_t collector = 0;  ///< position in `Scenario::collectors`
  friend bool operator==(const ScenarioVantage&, const ScenarioVantage&) = default;
};

/// What a vantage point says, or has in its table at the beginning.
struct ScenarioEvent {
  TimePoint time;
  RouteKind kind = RouteKind::Announce;
  std::size_t vantage = 0;  ///< position in `Scenario::vantages`
  Prefix prefix;            ///< not of PeerUp and PeerDown
  AsPath path;              ///< of Table and Announce only
  friend bool operator==(const ScenarioEvent&, const ScenarioEvent&) = default;
};

/// A made-up BGP history, expanded from its declaration: a table and what changed it afterwards.
/// The same declaration gives the same scenario on every machine.
struct Scenario {
  std::string name;
  TimePoint base;  ///< time of the tables
  std::vector<collector::ArchiveOwner> collectors;
  std::vector<ScenarioVantage> vantages;
  std::vector<ScenarioEvent> table;   ///< by prefix, then vantage; the time is that of the route
  std::vector<ScenarioEvent> events;  ///< by time
};

/// Reads and expands a declaration (docs/reference/scenario.md has its language). The error holds
/// every mistake, one a line, each as "file:line:column: what is wrong".
Result<Scenario> load_scenario(const std::string& path);
/// The same from a text; `name` stands for the file.
Result<Scenario> parse_scenario(std::string_view text, const std::string& name);

/// The files that `write_archives` makes: for each route collector in turn its table,
/// "rrc00.rib.20171001.0000.mrt", and its updates, "rrc00.updates.20171001.0000.mrt".
std::vector<std::string> archive_names(const Scenario& scenario);

/// Writes an MRT file for each name of `archive_names`, replacing what was there. The folder is
/// made if need be.
Result<void> write_archives(const Scenario& scenario, const std::string& folder);

}  // namespace isthmus::tool
