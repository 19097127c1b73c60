#pragma once

#include <memory>
#include <vector>

#include "collector/detect/target.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// What the detector has found since it was asked last. Intervals and observations of one target
/// and one address family come in the order of their times.
struct Findings {
  std::vector<Event> events;  ///< in the order of `precedes`
  /// Each when it begins, without an end, and once more when it ends; by the time of that.
  std::vector<RouteInterval> intervals;
  /// Those that changed a vantage point's state, by time: the evidence.
  std::vector<Observation> observations;
};

/// Decides when a target gains, loses or moves to an upstream. Pure: no clock, no I/O, no threads.
/// Observations and time go in, findings come out; the same input in any order within the lateness,
/// with any number of copies, yields the same findings byte for byte.
class Detector {
 public:
  Detector(std::vector<Target> targets, DetectorSettings settings);
  ~Detector();
  Detector(Detector&&) noexcept;
  Detector& operator=(Detector&&) noexcept;

  /// Takes in a BGP element; what concerns no watched prefix costs one lookup.
  void observe(const Route& route);
  /// Takes in an observation of either plane that was extracted already.
  void observe(const Observation& observation);
  /// Says that no input older than `now` minus the lateness will come; timers run up to there.
  void advance(TimePoint now);
  /// Processes all that waits, as if time went on for ever without news beyond `now`.
  void finish(TimePoint now);

  /// Hands over what was found, and forgets it.
  Findings take_findings();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
