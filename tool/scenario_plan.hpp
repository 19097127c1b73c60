#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/runtime/toml_document.hpp"
#include "tool/scenario.hpp"

namespace isthmus::tool {

/// An AS that carries the target; vantage points have a path towards it.
struct PlannedUpstream {
  std::string name;
  Asn asn;
};

struct PlannedVantage {
  ScenarioVantage vantage;
  std::string name;                 ///< "AS3333" unless it was given one
  std::vector<std::string> groups;  ///< names that changes may use for several at once
  /// By upstream: from the vantage's own AS to the upstream; empty if there is no way.
  std::vector<std::vector<Asn>> paths;
};

enum class ChangeKind : std::uint8_t { Upstream, Withdraw, SessionDown, SessionUp };

/// Towards which upstream the transient paths of a change lead.
enum class Exploration : std::uint8_t { None, Old, New };

struct PlannedChange {
  TimePoint at;
  ChangeKind kind = ChangeKind::Upstream;
  std::vector<std::size_t> vantages;
  std::vector<std::size_t> prefixes;
  std::size_t upstream = 0;
  std::uint32_t prepend = 0;           ///< how often the origin repeats itself
  Duration spread{};                   ///< the last vantage point follows the first by at most this
  std::optional<Duration> until_back;  ///< after which the state before returns
  Exploration exploration = Exploration::None;
  Duration settle{};  ///< the longest exploration
};

/// Routes that have nothing to do with the target.
struct PlannedBackground {
  std::size_t prefixes = 0;  ///< IPv4
  std::size_t prefixes_v6 = 0;
  std::size_t changes = 0;  ///< between base and end
};

/// A declaration, checked and with names replaced by positions, before it is expanded.
struct ScenarioPlan {
  std::string name;
  std::uint64_t seed = 0;
  TimePoint base;
  TimePoint end;
  std::vector<Asn> transits;  ///< through which transient and background paths go
  Asn origin;
  std::vector<Prefix> prefixes;
  std::size_t upstream = 0;     ///< of all prefixes in the table
  std::uint64_t exploring = 0;  ///< vantage points that explore, in 2^32nds of all
  Duration shortest_exploration{};
  std::vector<collector::ArchiveOwner> collectors;
  std::vector<PlannedUpstream> upstreams;
  std::vector<PlannedVantage> vantages;
  std::vector<PlannedChange> changes;  ///< by time
  PlannedBackground background;
};

/// More entries of a table, or events, than this are a mistake: a real hour of one route collector
/// has about as many.
inline constexpr std::size_t kMostElements = 2'000'000;

/// Reads a declaration; mistakes are in the document then.
ScenarioPlan read_plan(TomlDocument& document);
/// Reads the changes, when all that they name is known.
void read_changes(TomlTable& root, ScenarioPlan& plan);
/// A name of an upstream, a vantage point or a group.
bool is_scenario_name(std::string_view text);

/// At least as many elements as the plan will have.
std::size_t planned_elements(const ScenarioPlan& plan);
/// The history that the plan describes. Its size must have been looked at before.
Scenario expand(const ScenarioPlan& plan);

}  // namespace isthmus::tool
