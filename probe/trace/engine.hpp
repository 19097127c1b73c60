#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/route/hop.hpp"
#include "probe/packet/identity.hpp"
#include "probe/trace/trace_options.hpp"
#include "probe/trace/trace_state.hpp"

namespace isthmus::probe {

/// One trace to make.
struct TraceJob {
  IpAddress destination;
  std::shared_ptr<const TraceOptions> options;
  std::uint64_t id = 0;     ///< the asker's own; comes back with the result
  std::uint8_t format = 0;  ///< which of the sender's packet formats to use
};

/// Where the engine gets its traces from, one at a time, when there is room for one.
class TraceSource {
 public:
  TraceSource() = default;
  virtual ~TraceSource() = default;
  TraceSource(const TraceSource&) = delete;
  TraceSource& operator=(const TraceSource&) = delete;

  /// The next trace; nothing if none is wanted now.
  virtual std::optional<TraceJob> next() = 0;
  /// Whether `next` would give nothing.
  [[nodiscard]] virtual bool is_empty() const = 0;
};

/// One probe packet that is due; its source address is the sender's to fill in.
struct ProbeOrder {
  Probe probe;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
  std::uint8_t format = 0;
};

/// What may come back for a destination, and in which format it was sent.
struct EngineExpectation {
  Expectation replies{.rounds = 0};  ///< no rounds: nothing may come back
  std::uint8_t format = 0;
};

/// What became of all probe packets and replies.
struct EngineCounters {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t timed_out = 0;
  std::uint64_t duplicates = 0;  ///< further answers to what was answered
  std::uint64_t late = 0;        ///< ours, but their trace or round is over
  std::uint64_t never_sent = 0;  ///< the tag fits a probe packet that never left: a guess
  std::uint64_t traces = 0;
};

/// Bounds of an engine's work.
struct EngineLimits {
  /// New traces begin when fewer probe packets than this wait to be sent. The larger it is, the
  /// better mixed is what one router sees.
  std::size_t backlog = 1024;
  /// Traces under way at most, so that memory stays bounded when all of them wait for silent hops.
  std::size_t most_active = 65'536;
};

/// The tracing engine without its sockets: what to send when, what a reply means, when a trace is
/// over. Time comes in as monotonic microseconds since the engine's start, packets as what
/// `identify` made of them; so a simulated network can drive it in virtual time.
///
/// Memory does not depend on how many targets there are, only on how many traces are under way. One
/// destination is traced once at a time; a second request for it waits for the first to end.
class TraceEngine {
 public:
  /// One finished trace: the Traceroutes of its flows. Vantage, method and ports are left to fill.
  using Finished = std::function<void(const TraceJob& job, std::vector<Traceroute> traces)>;
  /// The first answer to a probe packet, while its trace is under way.
  using Answered = std::function<void(const TraceJob& job, CellKey key, const Reply& reply)>;

  /// `source` must outlive the engine; `wall_start` is the UTC time of its monotonic zero.
  TraceEngine(const EngineLimits& limits, TraceSource& source, std::uint64_t seed,
              TimePoint wall_start, Finished finished, Answered answered = {});

  /// The wall clock was stepped: results say the UTC time by this from now on.
  void set_wall_start(TimePoint wall_start) { wall_start_ = wall_start; }
  /// The next probe packet to send now, and marks it as sent; nothing if none is due.
  std::optional<ProbeOrder> next(Duration now);
  /// An order could not be carried out; it will come again at that time.
  void postpone(const ProbeOrder& order, Duration until);
  /// An order can never be carried out: its trace ends with an error.
  void fail(const ProbeOrder& order, Duration now);
  /// The address that the packets of an order's trace are sent from.
  void set_source(const ProbeOrder& order, const IpAddress& source);
  /// A better time of sending than that of the order.
  void correct(const ProbeOrder& order, Duration at);
  /// The capture saw a packet of ours leave.
  void sent_at(const Identity& identity, Duration stamp);
  void receive(const Identity& identity, const ReplyPacket& packet, Duration stamp, Duration now);
  /// Lets what is over time out.
  void advance(Duration now);
  /// Ends all traces now, those that wait for another one of the same destination included.
  void cancel_all(Duration now);
  /// Ends one trace now; false if it is not here: over, or still with the source.
  bool cancel(std::uint64_t id, Duration now);

  /// When `next` or `advance` has work again; nothing if only a reply could bring it.
  [[nodiscard]] std::optional<Duration> next_event() const;
  [[nodiscard]] bool done() const { return active_ == 0 && resumed_.empty() && source_.is_empty(); }
  [[nodiscard]] const EngineCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t active() const { return active_; }
  /// What `identify` shall take for ours among replies: what the destination's trace may have sent,
  /// and the trace before it, to know the late by.
  [[nodiscard]] EngineExpectation expectation(const ReplyPacket& reply) const;
  /// The same for packets to a destination, seen as they leave.
  [[nodiscard]] EngineExpectation expectation(const IpAddress& destination) const;

 private:
  struct Slot {
    TraceState state;
    TraceJob job;
    IpAddress source;
    std::uint32_t generation = 0;
    Duration next_allowed{};
    std::uint8_t first_round = 0;
    std::uint8_t rounds_before = 0;  ///< of the trace before this one, if it ended just now
    bool in_use = false;
  };
  /// A trace that ended a while ago, so that the next one uses other rounds.
  struct Recent {
    Duration until;
    std::uint8_t next_round = 0;
    std::uint8_t rounds = 0;
    std::uint8_t format = 0;
  };
  struct Work {
    std::uint32_t slot;
    std::uint32_t generation;
    CellKey key;
  };
  struct Delayed {
    Duration due;
    Work work;
    friend bool operator>(const Delayed& left, const Delayed& right) {
      return left.due > right.due;
    }
  };
  struct InFlight {
    Duration deadline;
    Work work;
    std::uint8_t attempt;
  };
  /// What was sent with one time-out: in order of the deadlines.
  struct TimeoutQueue {
    Duration timeout;
    std::deque<InFlight> items;
  };

  void admit(Duration now);
  void start(TraceJob job, Duration now);
  void expire(TimeoutQueue& queue, Duration now);
  bool cancel_waiting(std::uint64_t id);
  void remember(const IpAddress& destination, const Recent& recent);
  void forget(Duration now);
  [[nodiscard]] EngineExpectation expectation_of(const Slot& slot) const;
  TimeoutQueue& queue_for(Duration timeout);
  void enqueue(std::uint32_t slot, CellKey key, Duration now);
  void plan(std::uint32_t slot, Duration now);
  void finish(std::uint32_t slot, StopReason stop, Duration now);
  std::optional<Work> pick(Duration now);
  [[nodiscard]] static Duration time_left(const TraceState& state, Duration timeout,
                                          const InFlight& item, Duration now);
  [[nodiscard]] bool is_current(const Work& work) const {
    return slots_[work.slot].in_use && slots_[work.slot].generation == work.generation;
  }

  EngineLimits limits_;
  TraceSource& source_;
  std::mt19937_64 random_;
  TimePoint wall_start_;
  Finished finished_;
  Answered answered_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<IpAddress, std::uint32_t> by_destination_;
  std::vector<IpAddress> destinations_;  ///< by slot: what the index in a payload stands for
  /// Traces whose destination is under way already, and those whose turn has come.
  boost::unordered_flat_map<IpAddress, std::deque<TraceJob>> waiting_;
  std::deque<TraceJob> resumed_;
  boost::unordered_flat_map<IpAddress, Recent> recent_;
  std::deque<std::pair<Duration, IpAddress>> recent_order_;
  std::vector<Work> ready_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
  std::vector<TimeoutQueue> in_flight_;  ///< few: one for each time-out in use
  std::vector<CellKey> wanted_;
  std::size_t active_ = 0;
  EngineCounters counters_;
};

}  // namespace isthmus::probe
