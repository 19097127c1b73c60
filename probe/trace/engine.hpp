#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/route/hop.hpp"
#include "probe/packet/identity.hpp"
#include "probe/trace/permutation.hpp"
#include "probe/trace/trace_options.hpp"
#include "probe/trace/trace_state.hpp"

namespace isthmus::probe {

/// One probe packet that is due; its source address is the sender's to fill in.
struct ProbeOrder {
  Probe probe;
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
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

/// The tracing engine without its sockets: what to send when, what a reply means, when a trace is
/// over. Time comes in as monotonic microseconds since the engine's start, packets as what
/// `identify` made of them; so a simulated network can drive it in virtual time.
///
/// Memory does not depend on how many targets there are, only on how many traces are under way.
class TraceEngine {
 public:
  /// One finished trace: the Traceroutes of its flows. Vantage, method and ports are left to fill.
  using Finished = std::function<void(std::uint32_t target, std::vector<Traceroute> traces)>;

  /// `targets` must outlive the engine; `wall_start` is the UTC time of its monotonic zero.
  TraceEngine(const TraceOptions& options, std::span<const IpAddress> targets, std::uint64_t seed,
              TimePoint wall_start, std::uint8_t first_round, Finished finished);

  /// The next probe packet to send now, and marks it as sent; nothing if none is due.
  std::optional<ProbeOrder> next(Duration now);
  /// An order could not be carried out; it will come again at that time.
  void postpone(const ProbeOrder& order, Duration until);
  /// An order can never be carried out: its trace ends with an error.
  void fail(const ProbeOrder& order, Duration now);
  /// The address that the packets of an order's trace are sent from.
  void set_source(const ProbeOrder& order, const IpAddress& source);
  /// The capture saw a packet of ours leave.
  void sent_at(const Identity& identity, Duration stamp);
  void receive(const Identity& identity, const ReplyPacket& packet, Duration stamp, Duration now);
  /// Lets what is over time out.
  void advance(Duration now);
  /// Ends all traces now and begins no others.
  void cancel(Duration now);

  /// When `next` or `advance` has work again; nothing if only a reply could bring it.
  [[nodiscard]] std::optional<Duration> next_event() const;
  [[nodiscard]] bool done() const {
    return active_ == 0 && next_target_ >= targets_.size() && repeats_.empty();
  }
  [[nodiscard]] const EngineCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t active() const { return active_; }
  /// What `identify` shall take for ours: this round, and the one before to know the late by.
  [[nodiscard]] Expectation expectation() const;

 private:
  struct Slot {
    TraceState state;
    IpAddress source;
    std::uint32_t generation = 0;
    Duration next_allowed{};
    bool in_use = false;
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

  void admit(Duration now);
  bool start(std::uint32_t target, Duration now);
  void enqueue(std::uint32_t slot, CellKey key, Duration now);
  void plan(std::uint32_t slot, Duration now);
  void finish(std::uint32_t slot, StopReason stop, Duration now);
  std::optional<Work> pick(Duration now);
  [[nodiscard]] Duration time_left(const TraceState& state, const InFlight& item,
                                   Duration now) const;
  [[nodiscard]] bool is_current(const Work& work) const {
    return slots_[work.slot].in_use && slots_[work.slot].generation == work.generation;
  }

  TraceOptions options_;
  std::span<const IpAddress> targets_;
  Permutation order_;
  std::mt19937_64 random_;
  TimePoint wall_start_;
  std::uint8_t first_round_;
  Finished finished_;
  std::deque<Slot> slots_;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<IpAddress, std::uint32_t> by_destination_;
  std::deque<std::uint32_t> repeats_;  ///< targets whose address is under way already
  std::vector<Work> ready_;
  std::priority_queue<Delayed, std::vector<Delayed>, std::greater<>> delayed_;
  std::deque<InFlight> in_flight_;  ///< one time-out for all: in order of their deadlines
  std::vector<CellKey> wanted_;
  std::uint64_t next_target_ = 0;
  std::size_t active_ = 0;
  EngineCounters counters_;
};

}  // namespace isthmus::probe
