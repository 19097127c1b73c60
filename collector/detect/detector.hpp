#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/detect/detector_tables.hpp"
#include "collector/detect/status.hpp"
#include "collector/detect/target.hpp"
#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
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
  /// What probes are asked to do; not part of what is decided.
  std::vector<SweepRequest> sweeps;
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

  /// What is known of every target and address family that somebody has spoken of, as of all input
  /// that was processed; ages are taken at `now`.
  [[nodiscard]] std::vector<TargetStatus> status(TimePoint now) const;
  [[nodiscard]] DetectorCounters counters() const;

  /// Appends the whole state, findings that wait apart: take those before. The bytes are for this
  /// version on this machine, and checked when they are read.
  void save(std::string& out) const;
  /// Takes knowledge from outside from a moment on. What is named within ten minutes after the
  /// versions changed needs one witness more (c.9).
  void use(DetectorTables tables, TimePoint since);

  /// Takes up a saved state in place of the present one. Targets are found again by their names;
  /// one that was not saved begins anew, one that is not watched any more is left out. Settings and
  /// counters are not part of it. An error says why bytes cannot be used, and changes nothing.
  /// `restarted`: when the program began anew; for two probe intervals from then on nothing is
  /// confirmed, as what is new may have been there all along.
  Result<void> restore(Bytes saved, std::optional<TimePoint> restarted = std::nullopt);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
