#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/route/hop.hpp"
#include "probe/trace/trace_options.hpp"

namespace isthmus::probe {

/// One (TTL, flow) of a trace.
enum class CellState : std::uint8_t { Idle, Queued, InFlight, Answered, Silent };

struct Cell {
  std::uint32_t sent_us = 0;  ///< of the last attempt; monotonic, wraps after 71.6 minutes
  std::uint16_t answer = 0;   ///< index into the answers, if Answered
  std::uint8_t attempts = 0;
  CellState state = CellState::Idle;
};

/// Which probe packet of a trace.
struct CellKey {
  std::uint8_t ttl = 0;
  std::uint16_t flow = 0;
  friend bool operator==(const CellKey&, const CellKey&) = default;
};

struct Answer {
  CellKey key;
  Reply reply;
};

/// Why an answer ends the flow that it came on, if it does.
std::optional<StopReason> terminal_reason(const Reply& reply, const IpAddress& destination);

/// What is known of the way to one destination, and the rules on when to stop. Pure: it is told
/// what was sent, what came back and what timed out. Reused from trace to trace.
class TraceState {
 public:
  void reset(const IpAddress& destination, std::uint32_t target, Duration now,
             const TraceOptions& options);

  [[nodiscard]] const IpAddress& destination() const { return destination_; }
  [[nodiscard]] std::uint32_t target() const { return target_; }
  [[nodiscard]] Duration start() const { return start_; }
  [[nodiscard]] std::uint8_t first_ttl() const { return first_ttl_; }
  /// Flows in use: 0 to this number less one, or the one flow of a single path.
  [[nodiscard]] std::uint16_t flow_count() const { return stride_; }
  /// The lowest flow; all others follow it.
  [[nodiscard]] std::uint16_t first_flow() const { return first_flow_; }
  /// The highest TTL with a cell.
  [[nodiscard]] std::uint8_t top_ttl() const { return top_ttl_; }
  [[nodiscard]] const std::vector<Answer>& answers() const { return answers_; }

  /// The cell, or null where nothing was ever wanted.
  [[nodiscard]] const Cell* find(CellKey key) const;
  [[nodiscard]] CellState state_of(CellKey key) const;
  /// The first reply to a cell, or null.
  [[nodiscard]] const Reply* reply_to(CellKey key) const;
  /// Whether a queued cell is still worth sending.
  [[nodiscard]] bool is_wanted(CellKey key) const { return key.ttl <= limit_ttl_; }
  /// Cells that are queued or in flight, and still wanted.
  [[nodiscard]] unsigned outstanding() const;

  void queue(CellKey key);
  void send(CellKey key, Duration now);
  /// A probe packet that `send` announced did not leave.
  void unsend(CellKey key);
  /// A better time of sending for an attempt.
  void correct_send(CellKey key, std::uint8_t attempt, Duration at);
  /// When an attempt was sent, in wrapping microseconds; nothing if it never was.
  [[nodiscard]] std::optional<std::uint32_t> sent_us(CellKey key, std::uint8_t attempt) const;
  /// False if this cell has its answer already.
  bool answer(CellKey key, Reply reply);
  /// True if the cell shall be tried once more; else it is silent.
  bool time_out(CellKey key, std::uint8_t attempt, const TraceOptions& options);

  /// The cells to probe next; none, with nothing outstanding, ends the trace.
  void plan(const TraceOptions& options, std::vector<CellKey>& wanted) const;
  /// Why a trace ended that has nothing more to do.
  [[nodiscard]] StopReason stop_reason(const TraceOptions& options) const;
  /// The result: a Traceroute for each flow, with the TTLs that were probed on it.
  [[nodiscard]] std::vector<Traceroute> traceroutes(StopReason stop) const;

 private:
  struct OldSend {
    CellKey key;
    std::uint8_t attempt = 0;
    std::uint32_t sent_us = 0;
  };

  [[nodiscard]] std::size_t index(CellKey key) const;
  Cell& grow(CellKey key);
  void widen(std::uint16_t flows);
  void plan_single(const TraceOptions& options, std::vector<CellKey>& wanted) const;
  [[nodiscard]] std::uint8_t last_answered() const;
  void find_loop();

  IpAddress destination_;
  std::uint32_t target_ = 0;
  Duration start_{};
  std::uint8_t first_ttl_ = 1;
  std::uint8_t top_ttl_ = 0;
  std::uint8_t limit_ttl_ = 0;  ///< nothing beyond it is wanted: the path ended there
  bool is_multipath_ = false;
  bool has_repeat_ = false;  ///< an address was seen at two TTLs
  std::uint16_t first_flow_ = 0;
  std::uint16_t stride_ = 1;
  std::optional<StopReason> ended_;
  std::vector<Cell> cells_;  ///< by TTL, then by flow
  std::vector<Answer> answers_;
  std::vector<OldSend> old_sends_;  ///< attempts before the last
};

}  // namespace isthmus::probe
