#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/hop.hpp"
#include "core/wire/plan_message.hpp"
#include "probe/plan/destination_filter.hpp"

namespace isthmus::probe {

/// What the owner of a probe lets it spend; a collector can ask for less, never for more.
struct PlanBounds {
  double rate = 100;             ///< probe packets a second in all; above 0
  double destination_rate = 20;  ///< towards one destination, over a minute or so; above 0
  Duration min_interval = std::chrono::seconds{10};  ///< between rounds to one destination
  std::size_t max_destinations = 4'096;              ///< that are traced in rounds
  std::uint8_t max_ttl = 32;
};

/// One trace to be begun now.
struct TraceOrder {
  IpAddress destination;
  ProbeMethod method = ProbeMethod::Udp;
  std::uint16_t flow = 0;
  std::uint8_t max_ttl = 32;
  std::uint64_t request = 0;  ///< the sweep or single trace that asked for it; 0: a round
  friend bool operator==(const TraceOrder&, const TraceOrder&) = default;
};

struct PlanCounters {
  std::uint64_t rounds = 0;                  ///< traces begun for rounds
  std::uint64_t sweeps = 0;                  ///< traces begun for sweeps
  std::uint64_t single_traces = 0;           ///< traces begun for people
  std::uint64_t rounds_skipped = 0;          ///< rounds that the limits left no room for
  std::uint64_t requests_late = 0;           ///< sweeps and single traces given up as too old
  std::map<Refusal, std::uint64_t> refused;  ///< destinations of plans, sweeps and traces
  std::uint64_t over_bound = 0;              ///< destinations past `max_destinations`
};

/// What to trace and when. Pure: both clocks come in as parameters, chance as a seed.
///
/// Each destination has its own rounds: one every interval, moved by up to 5 % either way so that
/// probes do not march in step, and without drift. Flow and method change from round to round.
/// Sweeps and single traces go before rounds. Everything passes the owner's filter and keeps to his
/// rates; a round that finds no room is left out, not made up for.
class Schedule {
 public:
  Schedule(const PlanBounds& bounds, DestinationFilter filter, std::uint64_t seed);

  /// Takes a plan; destinations that it shares with the one before keep their rounds. `wall` is the
  /// collector's time as far as it is known.
  void set_plan(const PlanMessage& plan, TimePoint wall, Duration now);
  /// Takes new limits of the owner's.
  void set_bounds(const PlanBounds& bounds, DestinationFilter filter, Duration now);

  /// A trace to begin now, if one is due and there is room for its packets.
  std::optional<TraceOrder> next(Duration now);
  /// When `next` may have one; nothing while there is no plan.
  [[nodiscard]] std::optional<Duration> next_time(Duration now) const;
  /// A trace has ended and took so many packets.
  void finished(const TraceOrder& order, std::uint32_t packets);

  [[nodiscard]] const PlanCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t destinations() const { return tasks_.size(); }
  /// Packets a second and towards one destination: the lower of what owner and collector say.
  [[nodiscard]] PlanLimits limits() const;

 private:
  struct Task {
    Duration interval{};
    std::vector<ProbeMethod> methods;
    std::uint16_t flows = 1;
    std::uint64_t round = 0;
    Duration base{};  ///< of round 0, without its jitter
    Duration due{};
    std::uint16_t last_flow = 0;
  };
  struct Urgent {
    TraceOrder order;
    Duration give_up{};
    bool for_person = false;
  };

  bool admit(const IpAddress& destination);
  void add_rounds(const PlanTarget& target, std::map<IpAddress, Task>& wanted);
  void keep_rounds(std::map<IpAddress, Task> wanted, Duration now);
  void add_sweep(const PlanSweep& sweep, TimePoint wall, Duration now);
  void add_trace(const PlanTrace& trace, TimePoint wall, Duration now);
  bool is_new_request(std::uint64_t id);
  void reschedule(const IpAddress& destination, Task& task, Duration due);
  [[nodiscard]] Duration due_of_round(const Task& task);
  std::optional<TraceOrder> next_urgent(Duration now);
  std::optional<TraceOrder> next_round(Duration now);
  void spend(const TraceOrder& order, Duration now);
  void refill(Duration now);
  [[nodiscard]] double capacity() const;
  [[nodiscard]] double reserve() const;
  [[nodiscard]] Duration allowed_at(const IpAddress& destination) const;
  [[nodiscard]] Duration room_at(double needed, Duration now) const;

  PlanBounds bounds_;
  DestinationFilter filter_;
  std::mt19937_64 random_;
  PlanMessage plan_;
  std::map<IpAddress, Task> tasks_;
  std::set<std::pair<Duration, IpAddress>> rounds_;  ///< by due time
  std::multimap<Duration, Urgent> urgent_;           ///< by due time
  std::set<std::uint64_t> known_requests_;
  std::deque<std::uint64_t> request_order_;
  std::map<IpAddress, Duration> allowed_;  ///< destinations that must rest until then
  double tokens_ = 0;                      ///< packets that may be sent
  double cost_ = 24;                       ///< packets of a trace, as measured of late
  Duration refilled_at_{};
  PlanCounters counters_;
};

}  // namespace isthmus::probe
