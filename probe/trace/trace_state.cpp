#include "probe/trace/trace_state.hpp"

#include <algorithm>
#include <utility>

#include "probe/trace/known_branches.hpp"
#include "probe/trace/multipath.hpp"

namespace isthmus::probe {
namespace {

std::uint32_t wrapped(Duration time) {
  return static_cast<std::uint32_t>(time.count());
}

bool is_pending(const Cell& cell) {
  return cell.state == CellState::Queued || cell.state == CellState::InFlight;
}

}  // namespace

std::optional<StopReason> terminal_reason(const Reply& reply, const IpAddress& destination) {
  switch (reply.kind) {
    case ReplyKind::EchoReply:
    case ReplyKind::TcpSynAck:
    case ReplyKind::TcpReset:
    case ReplyKind::PortUnreachable:
      return StopReason::Completed;
    case ReplyKind::TimeExceeded:
      // A target behind a translating router, or one that forwards to itself, may say only this.
      return reply.address == destination ? std::optional{StopReason::Completed} : std::nullopt;
    case ReplyKind::PacketTooBig:
      return std::nullopt;
    case ReplyKind::HostUnreachable:
    case ReplyKind::NetUnreachable:
    case ReplyKind::AdminProhibited:
    case ReplyKind::OtherUnreachable:
      break;
  }
  return reply.address == destination ? StopReason::Completed : StopReason::Unreachable;
}

void TraceState::reset(const IpAddress& destination, std::uint32_t target, Duration now,
                       const TraceOptions& options) {
  destination_ = destination;
  target_ = target;
  start_ = now;
  first_ttl_ = options.first_ttl;
  top_ttl_ = static_cast<std::uint8_t>(options.first_ttl - 1);
  limit_ttl_ = options.max_ttl;
  is_multipath_ = options.multipath_failure.has_value();
  first_flow_ = is_multipath_ ? 0 : options.flow;
  stride_ = 1;
  ended_.reset();
  has_repeat_ = false;
  cells_.clear();
  answers_.clear();
  old_sends_.clear();
}

std::size_t TraceState::index(CellKey key) const {
  return static_cast<std::size_t>(key.ttl - first_ttl_) * stride_ +
         static_cast<std::size_t>(key.flow - first_flow_);
}

const Cell* TraceState::find(CellKey key) const {
  if (key.ttl < first_ttl_ || key.ttl > top_ttl_ || key.flow < first_flow_ ||
      key.flow - first_flow_ >= stride_) {
    return nullptr;
  }
  return &cells_[index(key)];
}

CellState TraceState::state_of(CellKey key) const {
  const Cell* const cell = find(key);
  return cell == nullptr ? CellState::Idle : cell->state;
}

const Reply* TraceState::reply_to(CellKey key) const {
  const Cell* const cell = find(key);
  return cell == nullptr || cell->state != CellState::Answered ? nullptr
                                                               : &answers_[cell->answer].reply;
}

unsigned TraceState::outstanding() const {
  const std::size_t end =
      std::min(cells_.size(), index({static_cast<std::uint8_t>(limit_ttl_ + 1), first_flow_}));
  unsigned count = 0;
  for (std::size_t i = 0; i < end; ++i) {
    count += is_pending(cells_[i]) ? 1U : 0U;
  }
  return count;
}

void TraceState::widen(std::uint16_t flows) {
  const std::size_t rows = static_cast<std::size_t>(top_ttl_ - first_ttl_) + 1;
  std::vector<Cell> wider(rows * flows);
  for (std::size_t row = 0; row < rows && !cells_.empty(); ++row) {
    std::copy_n(cells_.begin() + static_cast<std::ptrdiff_t>(row * stride_), stride_,
                wider.begin() + static_cast<std::ptrdiff_t>(row * flows));
  }
  cells_ = std::move(wider);
  stride_ = flows;
}

Cell& TraceState::grow(CellKey key) {
  if (key.flow - first_flow_ >= stride_) {
    const int flows = std::max(key.flow - first_flow_ + 1, stride_ + stride_ / 2);
    widen(static_cast<std::uint16_t>(flows));
  }
  if (key.ttl > top_ttl_) {
    top_ttl_ = key.ttl;
    cells_.resize((static_cast<std::size_t>(top_ttl_ - first_ttl_) + 1) * stride_);
  }
  return cells_[index(key)];
}

void TraceState::queue(CellKey key) {
  grow(key).state = CellState::Queued;
}

void TraceState::send(CellKey key, Duration now) {
  Cell& cell = grow(key);
  if (cell.attempts > 0) {
    old_sends_.push_back({key, static_cast<std::uint8_t>(cell.attempts - 1), cell.sent_us});
  }
  cell.state = CellState::InFlight;
  cell.sent_us = wrapped(now);
  ++cell.attempts;
}

void TraceState::unsend(CellKey key) {
  Cell& cell = grow(key);
  --cell.attempts;
  if (cell.attempts > 0) {
    cell.sent_us = old_sends_.back().sent_us;
    old_sends_.pop_back();
  }
  cell.state = CellState::Queued;
}

void TraceState::correct_send(CellKey key, std::uint8_t attempt, Duration at) {
  if (find(key) == nullptr) {
    return;
  }
  Cell& cell = cells_[index(key)];
  if (cell.attempts == attempt + 1 && cell.state == CellState::InFlight) {
    cell.sent_us = wrapped(at);
  }
}

std::optional<std::uint32_t> TraceState::sent_us(CellKey key, std::uint8_t attempt) const {
  const Cell* const cell = find(key);
  if (cell == nullptr || attempt >= cell->attempts) {
    return std::nullopt;
  }
  if (attempt + 1 == cell->attempts) {
    return cell->sent_us;
  }
  const auto old = std::find_if(old_sends_.begin(), old_sends_.end(), [&](const OldSend& each) {
    return each.key == key && each.attempt == attempt;
  });
  return old == old_sends_.end() ? std::nullopt : std::optional{old->sent_us};
}

bool TraceState::answer(CellKey key, Reply reply) {
  Cell& cell = cells_[index(key)];
  if (cell.state == CellState::Answered) {
    return false;
  }
  cell.state = CellState::Answered;
  cell.answer = static_cast<std::uint16_t>(answers_.size());
  if (!is_multipath_) {
    // A flow that loops or ends would do so again: what lies beyond is not asked for.
    const auto reason = terminal_reason(reply, destination_);
    if (reason && key.ttl <= limit_ttl_) {
      limit_ttl_ = key.ttl;
      ended_ = reason;
    }
    has_repeat_ =
        has_repeat_ || std::any_of(answers_.begin(), answers_.end(), [&](const Answer& each) {
          return each.reply.address == reply.address;
        });
  }
  answers_.push_back({key, std::move(reply)});
  if (has_repeat_) {
    find_loop();
  }
  return true;
}

/// A loop ends at the first TTL whose address was seen before, with another one in between. Looked
/// for anew with each answer, so that their order does not matter.
void TraceState::find_loop() {
  const IpAddress* before = nullptr;
  std::vector<const IpAddress*> seen;
  for (int ttl = first_ttl_; ttl <= std::min(top_ttl_, limit_ttl_); ++ttl) {
    const Reply* const reply = reply_to({static_cast<std::uint8_t>(ttl), first_flow_});
    if (reply == nullptr || reply->kind != ReplyKind::TimeExceeded) {
      continue;
    }
    const bool is_known = std::any_of(
        seen.begin(), seen.end(), [&](const IpAddress* each) { return *each == reply->address; });
    if (is_known && *before != reply->address && ended_ != StopReason::Completed) {
      limit_ttl_ = static_cast<std::uint8_t>(ttl);
      ended_ = StopReason::Loop;
      return;
    }
    before = &reply->address;
    seen.push_back(before);
  }
}

bool TraceState::time_out(CellKey key, std::uint8_t attempt, const TraceOptions& options) {
  Cell& cell = cells_[index(key)];
  if (cell.state != CellState::InFlight || cell.attempts != attempt + 1) {
    return false;
  }
  cell.state = CellState::Silent;
  return cell.attempts < options.attempts && is_wanted(key);
}

std::uint8_t TraceState::last_answered() const {
  auto last = static_cast<std::uint8_t>(first_ttl_ - 1);
  for (const Answer& each : answers_) {
    last = std::max(last, each.key.ttl);
  }
  return last;
}

void TraceState::plan_single(const TraceOptions& options, std::vector<CellKey>& wanted) const {
  const int horizon = std::min<int>(limit_ttl_, last_answered() + options.gap_limit);
  unsigned room = options.window - std::min<unsigned>(options.window, outstanding());
  for (int ttl = top_ttl_ + 1; ttl <= horizon && room > 0; ++ttl, --room) {
    wanted.push_back({static_cast<std::uint8_t>(ttl), first_flow_});
  }
}

void TraceState::plan(const TraceOptions& options, std::vector<CellKey>& wanted) const {
  if (!is_multipath_) {
    plan_single(options, wanted);
  } else if (outstanding() == 0 && !(options.known && plan_revisit(*this, options, wanted))) {
    plan_multipath(*this, options, wanted);
  }
}

StopReason TraceState::stop_reason(const TraceOptions& options) const {
  if (ended_) {
    return *ended_;
  }
  if (is_multipath_) {
    std::optional<StopReason> found;
    for (const Answer& each : answers_) {
      const auto reason = terminal_reason(each.reply, destination_);
      if (reason && found != StopReason::Completed) {
        found = reason;
      }
    }
    if (found) {
      return *found;
    }
  }
  return top_ttl_ - last_answered() >= options.gap_limit ? StopReason::GapLimit
                                                         : StopReason::HopLimit;
}

std::vector<Traceroute> TraceState::traceroutes(StopReason stop) const {
  std::vector<Traceroute> results;
  for (std::uint16_t i = 0; i < stride_; ++i) {
    Traceroute trace;
    trace.destination = destination_;
    trace.flow = static_cast<std::uint16_t>(first_flow_ + i);
    trace.stop = stop;
    for (int ttl = first_ttl_; ttl <= std::min(top_ttl_, limit_ttl_); ++ttl) {
      const CellKey key{static_cast<std::uint8_t>(ttl), trace.flow};
      const Cell& cell = cells_[index(key)];
      if (cell.attempts == 0) {
        continue;
      }
      Hop hop{.ttl = key.ttl, .sent = cell.attempts};
      if (const Reply* reply = reply_to(key)) {
        hop.replies.push_back(*reply);
      }
      trace.hops.push_back(std::move(hop));
    }
    if (!trace.hops.empty() || !is_multipath_) {
      results.push_back(std::move(trace));
    }
  }
  return results;
}

}  // namespace isthmus::probe
