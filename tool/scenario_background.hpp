#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tool/scenario_plan.hpp"

namespace isthmus::tool {

/// A vantage point's route to a prefix from a time on.
struct ScenarioStep {
  TimePoint time;
  std::size_t prefix = 0;
  std::vector<Asn> path;   ///< empty: no route
  bool transient = false;  ///< path exploration: nothing ever returns to it
};

/// Prefixes that have nothing to do with the target, and what their routes do.
class ScenarioBackground {
 public:
  /// Positions of prefixes begin at `first`.
  ScenarioBackground(const ScenarioPlan& plan, std::size_t first);

  /// IPv4 before IPv6; less than were asked for where the target is in the way.
  [[nodiscard]] const std::vector<Prefix>& prefixes() const { return prefixes_; }
  /// The route of a vantage point to a prefix of this background; each variant is another.
  [[nodiscard]] std::vector<Asn> path(std::size_t vantage, std::size_t index,
                                      std::uint64_t variant) const;
  /// Changes by vantage point, not sorted.
  [[nodiscard]] std::vector<std::vector<ScenarioStep>> churn() const;

 private:
  void add(Family family, std::size_t count);
  void change(std::size_t number, std::vector<std::vector<ScenarioStep>>& steps) const;

  const ScenarioPlan& plan_;
  std::size_t first_;
  std::size_t ipv4_ = 0;
  std::vector<Prefix> prefixes_;
  std::vector<Asn> origins_;
};

}  // namespace isthmus::tool
