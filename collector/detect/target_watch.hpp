#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "collector/detect/detector.hpp"
#include "collector/detect/input_buffer.hpp"
#include "collector/detect/lifecycle.hpp"
#include "collector/detect/plane_watch.hpp"
#include "collector/detect/prefix_moves.hpp"
#include "collector/detect/reachability.hpp"
#include "collector/detect/status.hpp"
#include "collector/detect/transit_shift.hpp"
#include "collector/detect/upstream_rtt.hpp"

namespace isthmus::collector {

/// What a watch has counted.
struct WatchCounters {
  std::map<std::pair<Plane, Grade>, std::uint64_t> observations;
  std::map<std::pair<Plane, std::string>, std::uint64_t> rejected;  ///< by reason
  std::map<Plane, std::uint64_t> late;
  std::map<Plane, std::uint64_t> duplicates;
  std::map<std::string, std::uint64_t> suppressed;  ///< by reason
};

/// Watches one target in one address family: keeps what every vantage point says, and judges it.
class TargetWatch {
 public:
  TargetWatch(const Target& target, Family family, const DetectorSettings& settings,
              const DetectorTables& tables);

  TargetWatch(const TargetWatch&) = delete;
  TargetWatch& operator=(const TargetWatch&) = delete;
  ~TargetWatch() = default;

  /// Takes in one input. Its time must not lie before that of the last one, or it is late: then it
  /// counts only where nothing newer is known. Whether the moment has to be judged for it: what
  /// says again what was said needs not.
  bool apply(PendingInput& input);
  /// Judges the moment. All inputs up to it must have been applied.
  void evaluate(TimePoint now);
  /// When to judge again though nothing comes in; nothing if no clock runs.
  [[nodiscard]] std::optional<TimePoint> next_due() const { return due_; }
  /// Whether the watch has a state for the prefix, so that withdrawals matter.
  [[nodiscard]] bool knows(const Prefix& prefix) const { return prefixes_.contains(prefix); }

  Findings take_findings();
  /// What is known at a moment; nothing if nobody has said anything yet.
  [[nodiscard]] std::optional<TargetStatus> status(TimePoint now) const;
  /// After a restart: nothing is confirmed before this.
  void warm_up(TimePoint until) { warm_until_ = until; }
  /// Adds what was counted here.
  void add_counters(DetectorCounters& counters) const;

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.states_, self.lapsed_, self.prefixes_, self.lifecycle_, self.moves_,
            self.reachability_, self.transit_, self.planes_, self.told_origins_, self.rtt_,
            self.warm_until_, self.due_);
  }

 private:
  [[nodiscard]] Scene scene_at(TimePoint now) const;
  [[nodiscard]] bool is_gone(const StateKey& key, VantageState& state,
                             const Observation& seen) const;
  bool set_state(const StateKey& key, VantageState& state, const PendingInput& input);
  bool begin_state(const StateKey& key, const PendingInput& input);
  bool count(const PendingInput& input, const VantageState* known);
  void annotate(Observation& seen, const VantageState* known) const;
  void note_reroute(VantageState& state, const Observation& seen) const;
  [[nodiscard]] Freeze freeze(TimePoint now, Deadlines& due) const;
  void store(const Observation& seen);
  void open_interval(const VantageState& state);
  void close_interval(const VantageState& state, TimePoint until);
  void drop_session(const PendingInput& input);
  void note_leaving(VantageState& state, TimePoint when) const;
  void recall(const StateKey& key, VantageState& state);
  void judge_origins(const Scene& scene, std::vector<Event>& events, Deadlines& due);
  void plan(Deadlines& due) const;

  const Target& target_;
  Family family_;
  const DetectorSettings& settings_;
  const DetectorTables& tables_;
  StateMap states_;
  StateMap lapsed_;  ///< states that ended with their session within the last day
  std::set<Prefix> prefixes_;
  Lifecycle lifecycle_;
  PrefixMoves moves_;
  Reachability reachability_;
  TransitShift transit_;
  PlaneWatch planes_;
  TimePoint warm_until_ = TimePoint::min();
  std::set<std::pair<Prefix, Asn>> told_origins_;
  std::map<Asn, UpstreamRtt> rtt_;
  WatchCounters counters_;
  Findings findings_;
  std::optional<TimePoint> due_;
};

}  // namespace isthmus::collector
