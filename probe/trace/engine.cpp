#include "probe/trace/engine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "probe/packet/icmp_extension.hpp"

namespace isthmus::probe {
namespace {

/// Traces under way at most, so that memory stays bounded when all of them wait for silent hops.
constexpr std::size_t kMostActive = 65'536;
/// What the stamp of sending may differ from the time of the order.
constexpr Duration kRounding{20'000};

Reply reply_of(const ReplyPacket& packet, const Identity& identity, Duration rtt,
               std::uint8_t attempt) {
  Reply reply;
  reply.address = packet.ip.source;
  reply.kind = packet.kind;
  reply.rtt = rtt;
  reply.reply_ttl = packet.ip.ttl;
  reply.icmp_type = packet.icmp_type;
  reply.icmp_code = packet.icmp_code;
  reply.size = static_cast<std::uint16_t>(std::min<std::uint32_t>(packet.ip.total_length, 65'535));
  reply.attempt = attempt;
  reply.tos = packet.ip.tos;
  reply.ip_id = packet.ip.ip_id;
  reply.mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(packet.mtu, 65'535));
  reply.tcp_flags = packet.tcp ? packet.tcp->flags : std::uint8_t{0};
  reply.nat = identity.nat;
  if (packet.quote) {
    reply.quoted_ttl = packet.quote->ip.ttl;
    reply.quoted_tos = packet.quote->ip.tos;
  }
  ExtensionReader reader{packet.extension};
  while (const auto object = reader.next()) {
    if (is_mpls(*object)) {
      append_mpls(*object, reply.mpls);
    } else {
      reply.objects.push_back(
          {object->class_number, object->type, {object->payload.begin(), object->payload.end()}});
    }
  }
  return reply;
}

}  // namespace

TraceEngine::TraceEngine(const TraceOptions& options, std::span<const IpAddress> targets,
                         std::uint64_t seed, TimePoint wall_start, std::uint8_t first_round,
                         Finished finished)
    : options_{options},
      targets_{targets},
      order_{targets.size(), seed},
      random_{seed},
      wall_start_{wall_start},
      first_round_{first_round},
      finished_{std::move(finished)} {}

Expectation TraceEngine::expectation() const {
  const auto flows = options_.multipath_failure ? options_.multipath_flows
                                                : static_cast<std::uint16_t>(options_.flow + 1);
  return {.newest_round = static_cast<std::uint8_t>(first_round_ + options_.attempts - 1),
          .rounds = static_cast<std::uint8_t>(2 * options_.attempts),
          .flows = flows,
          .targets = targets_};
}

bool TraceEngine::start(std::uint32_t target, Duration now) {
  const IpAddress& destination = targets_[target];
  if (by_destination_.contains(destination)) {
    return false;
  }
  auto slot = static_cast<std::uint32_t>(slots_.size());
  if (free_.empty()) {
    slots_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  by_destination_.emplace(destination, slot);
  Slot& entry = slots_[slot];
  entry.in_use = true;
  entry.next_allowed = now;
  entry.state.reset(destination, target, now, options_);
  ++active_;
  plan(slot, now);
  return true;
}

void TraceEngine::admit(Duration now) {
  while (ready_.size() < options_.backlog && active_ < kMostActive) {
    if (next_target_ < targets_.size()) {
      const auto target = static_cast<std::uint32_t>(order_[next_target_++]);
      if (!start(target, now)) {
        repeats_.push_back(target);
      }
      continue;
    }
    if (repeats_.empty() || !start(repeats_.front(), now)) {
      return;
    }
    repeats_.pop_front();
  }
}

void TraceEngine::enqueue(std::uint32_t slot, CellKey key, Duration now) {
  Slot& entry = slots_[slot];
  entry.state.queue(key);
  const Work work{slot, entry.generation, key};
  const Duration due = std::max(now, entry.next_allowed);
  if (options_.destination_rate > 0) {
    entry.next_allowed =
        due + Duration{static_cast<Duration::rep>(1e6 / options_.destination_rate)};
  }
  if (due <= now) {
    ready_.push_back(work);
  } else {
    delayed_.push({due, work});
  }
}

void TraceEngine::plan(std::uint32_t slot, Duration now) {
  wanted_.clear();
  slots_[slot].state.plan(options_, wanted_);
  if (wanted_.empty()) {
    if (slots_[slot].state.outstanding() == 0) {
      finish(slot, slots_[slot].state.stop_reason(options_), now);
    }
    return;
  }
  // So that traces that begin together do not all ask the first router first.
  std::shuffle(wanted_.begin(), wanted_.end(), random_);
  for (const CellKey key : wanted_) {
    enqueue(slot, key, now);
  }
}

void TraceEngine::finish(std::uint32_t slot, StopReason stop, Duration now) {
  Slot& entry = slots_[slot];
  auto traces = entry.state.traceroutes(stop);
  for (Traceroute& trace : traces) {
    trace.source = entry.source;
    trace.start = wall_start_ + entry.state.start();
    trace.end = wall_start_ + now;
  }
  const std::uint32_t target = entry.state.target();
  by_destination_.erase(entry.state.destination());
  entry.in_use = false;
  entry.source = IpAddress{};
  ++entry.generation;
  free_.push_back(slot);
  --active_;
  ++counters_.traces;
  finished_(target, std::move(traces));
}

std::optional<TraceEngine::Work> TraceEngine::pick(Duration now) {
  if (!delayed_.empty() && delayed_.top().due <= now) {
    const Work work = delayed_.top().work;
    delayed_.pop();
    return work;
  }
  if (ready_.empty()) {
    return std::nullopt;
  }
  const std::size_t index = random_() % ready_.size();
  const Work work = ready_[index];
  ready_[index] = ready_.back();
  ready_.pop_back();
  return work;
}

/// How long an attempt may still be answered.
Duration TraceEngine::time_left(const TraceState& state, const InFlight& item, Duration now) const {
  const auto sent = state.sent_us(item.work.key, item.attempt);
  if (!sent || state.state_of(item.work.key) != CellState::InFlight) {
    return Duration::zero();
  }
  const auto waited = static_cast<std::int32_t>(static_cast<std::uint32_t>(now.count()) - *sent);
  return options_.timeout - Duration{waited};
}

std::optional<ProbeOrder> TraceEngine::next(Duration now) {
  admit(now);
  while (const auto work = pick(now)) {
    if (!is_current(*work)) {
      continue;
    }
    TraceState& state = slots_[work->slot].state;
    if (state.state_of(work->key) != CellState::Queued || !state.is_wanted(work->key)) {
      continue;
    }
    const std::uint8_t attempt = state.find(work->key)->attempts;
    state.send(work->key, now);
    in_flight_.push_back({now + options_.timeout, *work, attempt});
    ++counters_.sent;
    ProbeOrder order;
    order.slot = work->slot;
    order.generation = work->generation;
    order.probe.source = slots_[work->slot].source;
    order.probe.target = state.target();
    order.probe.id = {.destination = state.destination(),
                      .ttl = work->key.ttl,
                      .flow = work->key.flow,
                      .round = static_cast<std::uint8_t>(first_round_ + attempt)};
    return order;
  }
  return std::nullopt;
}

void TraceEngine::postpone(const ProbeOrder& order, Duration until) {
  const Work work{order.slot, order.generation, {order.probe.id.ttl, order.probe.id.flow}};
  if (is_current(work)) {
    slots_[work.slot].state.unsend(work.key);
    --counters_.sent;
    delayed_.push({until, work});
  }
}

void TraceEngine::fail(const ProbeOrder& order, Duration now) {
  const Work work{order.slot, order.generation, {order.probe.id.ttl, order.probe.id.flow}};
  if (is_current(work)) {
    slots_[work.slot].state.unsend(work.key);
    --counters_.sent;
    finish(work.slot, StopReason::Error, now);
  }
}

void TraceEngine::set_source(const ProbeOrder& order, const IpAddress& source) {
  slots_[order.slot].source = source;
}

void TraceEngine::sent_at(const Identity& identity, Duration stamp) {
  const auto found = by_destination_.find(identity.id.destination);
  const auto attempt = static_cast<std::uint8_t>(identity.id.round - first_round_);
  if (found != by_destination_.end() && attempt < options_.attempts) {
    slots_[found->second].state.correct_send({identity.id.ttl, identity.id.flow}, attempt, stamp);
  }
}

void TraceEngine::receive(const Identity& identity, const ReplyPacket& packet, Duration stamp,
                          Duration now) {
  const auto found = by_destination_.find(identity.id.destination);
  const auto attempt = static_cast<std::uint8_t>(identity.id.round - first_round_);
  if (found == by_destination_.end() || attempt >= options_.attempts) {
    ++counters_.late;
    return;
  }
  const std::uint32_t slot = found->second;
  TraceState& state = slots_[slot].state;
  const CellKey key{identity.id.ttl, identity.id.flow};
  const auto sent = state.sent_us(key, attempt);
  if (!sent) {
    ++counters_.never_sent;
    return;
  }
  // Both wrap; a stamp a hair before the sending, of another CPU's clock, is an RTT of nothing.
  const auto elapsed = static_cast<std::int32_t>(static_cast<std::uint32_t>(stamp.count()) - *sent);
  const Duration rtt{std::max<std::int32_t>(0, elapsed)};
  if (!state.answer(key, reply_of(packet, identity, rtt, attempt))) {
    ++counters_.duplicates;
    return;
  }
  ++counters_.answered;
  plan(slot, now);
}

void TraceEngine::advance(Duration now) {
  while (!in_flight_.empty() && in_flight_.front().deadline <= now) {
    const InFlight item = in_flight_.front();
    in_flight_.pop_front();
    if (!is_current(item.work)) {
      continue;
    }
    TraceState& state = slots_[item.work.slot].state;
    if (const Duration rest = time_left(state, item, now); rest > kRounding) {
      // The packet was postponed and left later than this entry knows.
      in_flight_.push_back({now + rest, item.work, item.attempt});
      continue;
    }
    const bool was_waiting = state.state_of(item.work.key) == CellState::InFlight;
    if (state.time_out(item.work.key, item.attempt, options_)) {
      ++counters_.timed_out;
      enqueue(item.work.slot, item.work.key, now);
    } else if (was_waiting && state.state_of(item.work.key) == CellState::Silent) {
      ++counters_.timed_out;
      plan(item.work.slot, now);
    }
  }
}

void TraceEngine::cancel(Duration now) {
  next_target_ = targets_.size();
  repeats_.clear();
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].in_use) {
      finish(slot, StopReason::Cancelled, now);
    }
  }
}

std::optional<Duration> TraceEngine::next_event() const {
  const bool can_admit = (next_target_ < targets_.size() || (!repeats_.empty() && active_ == 0)) &&
                         active_ < kMostActive;
  if (!ready_.empty() || can_admit) {
    return Duration::zero();
  }
  std::optional<Duration> soonest;
  if (!in_flight_.empty()) {
    soonest = in_flight_.front().deadline;
  }
  if (!delayed_.empty() && (!soonest || delayed_.top().due < *soonest)) {
    soonest = delayed_.top().due;
  }
  return soonest;
}

}  // namespace isthmus::probe
