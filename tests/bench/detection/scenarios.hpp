#pragma once

#include <string>
#include <vector>

#include "tests/bench/detection/world.hpp"

namespace isthmus::bench {

/// What must be told: of whom, by when.
struct Truth {
  EventType type = EventType::UpstreamNew;
  Asn upstream;
  Duration at{};                            ///< when it happened
  Duration within = std::chrono::hours{1};  ///< told within this
};

/// What is expected of a run.
struct Expectation {
  std::vector<Truth> must;
  std::vector<EventType> never;   ///< besides confirmations that nothing calls for
  bool at_most_probable = false;  ///< not even a candidate's confirmation
};

/// One run: a world with its story, and what is expected.
struct Run {
  std::string family;  ///< "C3", "R16", "true"
  std::string variant;
  bool confounder = false;
  std::unique_ptr<World> world;
  Duration length = std::chrono::hours{2};
  Expectation expected;
};

/// A family of the corpus: makes its runs from a number.
struct ScenarioFamily {
  std::string name;
  std::string says;  ///< what it is, in a line
  bool confounder = true;
  std::function<Run(std::uint64_t seed)> make;
};

/// C1 to C36 and the R rows whose times and ASNs are published (detection.md a.2 and d.4), and true
/// events over the factors of d.4.
std::vector<ScenarioFamily> corpus();

/// A true event: a share of the groups moves to a new upstream after half an hour.
Run true_event(std::uint64_t seed, const Setup& setup, double share, double prefixes, bool data,
               bool control, Duration spread);

/// The reference noise of c.12, `acceleration` times as many third-party episodes, no event.
Run noise(std::uint64_t seed, std::size_t peers, Duration length, double acceleration,
          Duration interval);

}  // namespace isthmus::bench
