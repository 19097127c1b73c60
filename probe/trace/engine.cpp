#include "probe/trace/engine.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "probe/packet/icmp_extension.hpp"
#include "probe/packet/probe_fields.hpp"

namespace isthmus::probe {
namespace {

/// How long the rounds of a finished trace are kept from the next one to the same destination.
constexpr Duration kRemembered = std::chrono::seconds{10};
constexpr std::size_t kMostRemembered = 32'768;
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

std::uint16_t flows_of(const TraceOptions& options) {
  return options.multipath_failure ? options.multipath_flows
                                   : static_cast<std::uint16_t>(options.flow + 1);
}

}  // namespace

TraceEngine::TraceEngine(const EngineLimits& limits, TraceSource& source, std::uint64_t seed,
                         TimePoint wall_start, Finished finished, Answered answered)
    : limits_{limits},
      source_{source},
      random_{seed},
      wall_start_{wall_start},
      finished_{std::move(finished)},
      answered_{std::move(answered)} {}

EngineExpectation TraceEngine::expectation_of(const Slot& slot) const {
  const TraceOptions& options = *slot.job.options;
  const Expectation replies{
      .newest_round = static_cast<std::uint8_t>(slot.first_round + options.attempts - 1),
      .rounds = static_cast<std::uint8_t>(options.attempts + slot.rounds_before),
      .flows = flows_of(options),
      .targets = destinations_};
  return {.replies = replies, .format = slot.job.format};
}

EngineExpectation TraceEngine::expectation(const IpAddress& destination) const {
  if (const auto found = by_destination_.find(destination); found != by_destination_.end()) {
    return expectation_of(slots_[found->second]);
  }
  const auto found = recent_.find(destination);
  if (found == recent_.end()) {
    return {};
  }
  const Recent& recent = found->second;
  const Expectation replies{.newest_round = static_cast<std::uint8_t>(recent.next_round - 1),
                            .rounds = recent.rounds,
                            .flows = kMaxFlows,
                            .targets = destinations_};
  return {.replies = replies, .format = recent.format};
}

EngineExpectation TraceEngine::expectation(const ReplyPacket& reply) const {
  const EngineExpectation known =
      expectation(reply.quote ? reply.quote->ip.destination : reply.ip.source);
  if (known.replies.rounds != 0) {
    return known;
  }
  // A translated destination, or an echo reply from another address: only the payload tells.
  const auto target = claimed_target(reply);
  if (target && *target < slots_.size() && slots_[*target].in_use) {
    return expectation_of(slots_[*target]);
  }
  return {};
}

void TraceEngine::start(TraceJob job, Duration now) {
  if (by_destination_.contains(job.destination)) {
    waiting_[job.destination].push_back(std::move(job));
    return;
  }
  auto slot = static_cast<std::uint32_t>(slots_.size());
  if (free_.empty()) {
    slots_.emplace_back();
    destinations_.emplace_back();
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  by_destination_.emplace(job.destination, slot);
  destinations_[slot] = job.destination;
  Slot& entry = slots_[slot];
  entry.in_use = true;
  entry.next_allowed = now;
  entry.rounds_before = 0;
  entry.first_round = static_cast<std::uint8_t>(random_());
  if (const auto recent = recent_.find(job.destination); recent != recent_.end()) {
    entry.first_round = recent->second.next_round;
    entry.rounds_before = recent->second.rounds;
  }
  entry.state.reset(job.destination, slot, now, *job.options);
  entry.job = std::move(job);
  ++active_;
  plan(slot, now);
}

void TraceEngine::admit(Duration now) {
  while (ready_.size() < limits_.backlog && active_ < limits_.most_active) {
    if (!resumed_.empty()) {
      TraceJob job = std::move(resumed_.front());
      resumed_.pop_front();
      start(std::move(job), now);
    } else if (auto job = source_.next()) {
      start(std::move(*job), now);
    } else {
      return;
    }
  }
}

void TraceEngine::enqueue(std::uint32_t slot, CellKey key, Duration now) {
  Slot& entry = slots_[slot];
  entry.state.queue(key);
  const Work work{slot, entry.generation, key};
  const Duration due = std::max(now, entry.next_allowed);
  if (const double rate = entry.job.options->destination_rate; rate > 0) {
    entry.next_allowed = due + Duration{static_cast<Duration::rep>(1e6 / rate)};
  }
  if (due <= now) {
    ready_.push_back(work);
  } else {
    delayed_.push({due, work});
  }
}

void TraceEngine::plan(std::uint32_t slot, Duration now) {
  wanted_.clear();
  const TraceOptions& options = *slots_[slot].job.options;
  slots_[slot].state.plan(options, wanted_);
  if (wanted_.empty()) {
    if (slots_[slot].state.outstanding() == 0) {
      finish(slot, slots_[slot].state.stop_reason(options), now);
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
  const TraceJob job = std::exchange(entry.job, {});
  const std::uint8_t rounds = job.options->attempts;
  remember(job.destination, {.until = now + kRemembered,
                             .next_round = static_cast<std::uint8_t>(entry.first_round + rounds),
                             .rounds = rounds,
                             .format = job.format});
  by_destination_.erase(job.destination);
  entry.in_use = false;
  entry.source = IpAddress{};
  ++entry.generation;
  free_.push_back(slot);
  --active_;
  ++counters_.traces;
  if (const auto next = waiting_.find(job.destination); next != waiting_.end()) {
    resumed_.push_back(std::move(next->second.front()));
    next->second.pop_front();
    if (next->second.empty()) {
      waiting_.erase(next);
    }
  }
  finished_(job, std::move(traces));
}

void TraceEngine::remember(const IpAddress& destination, const Recent& recent) {
  recent_[destination] = recent;
  recent_order_.emplace_back(recent.until, destination);
}

void TraceEngine::forget(Duration now) {
  while (!recent_order_.empty() &&
         (recent_order_.front().first <= now || recent_order_.size() > kMostRemembered)) {
    const auto& [until, destination] = recent_order_.front();
    if (const auto found = recent_.find(destination);
        found != recent_.end() && found->second.until == until) {
      recent_.erase(found);
    }
    recent_order_.pop_front();
  }
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
Duration TraceEngine::time_left(const TraceState& state, Duration timeout, const InFlight& item,
                                Duration now) {
  const auto sent = state.sent_us(item.work.key, item.attempt);
  if (!sent || state.state_of(item.work.key) != CellState::InFlight) {
    return Duration::zero();
  }
  const auto waited = static_cast<std::int32_t>(static_cast<std::uint32_t>(now.count()) - *sent);
  return timeout - Duration{waited};
}

TraceEngine::TimeoutQueue& TraceEngine::queue_for(Duration timeout) {
  const auto found = std::find_if(in_flight_.begin(), in_flight_.end(),
                                  [&](const auto& queue) { return queue.timeout == timeout; });
  if (found != in_flight_.end()) {
    return *found;
  }
  in_flight_.push_back({timeout, {}});
  return in_flight_.back();
}

std::optional<ProbeOrder> TraceEngine::next(Duration now) {
  admit(now);
  while (const auto work = pick(now)) {
    if (!is_current(*work)) {
      continue;
    }
    Slot& slot = slots_[work->slot];
    TraceState& state = slot.state;
    if (state.state_of(work->key) != CellState::Queued || !state.is_wanted(work->key)) {
      continue;
    }
    const std::uint8_t attempt = state.find(work->key)->attempts;
    state.send(work->key, now);
    const Duration timeout = slot.job.options->timeout;
    queue_for(timeout).items.push_back({now + timeout, *work, attempt});
    ++counters_.sent;
    ProbeOrder order;
    order.slot = work->slot;
    order.generation = work->generation;
    order.format = slot.job.format;
    order.probe.source = slot.source;
    order.probe.target = work->slot;
    order.probe.id = {.destination = state.destination(),
                      .ttl = work->key.ttl,
                      .flow = work->key.flow,
                      .round = static_cast<std::uint8_t>(slot.first_round + attempt)};
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

void TraceEngine::correct(const ProbeOrder& order, Duration at) {
  const Work work{order.slot, order.generation, {order.probe.id.ttl, order.probe.id.flow}};
  if (is_current(work)) {
    Slot& slot = slots_[work.slot];
    const auto attempt = static_cast<std::uint8_t>(order.probe.id.round - slot.first_round);
    slot.state.correct_send(work.key, attempt, at);
  }
}

void TraceEngine::sent_at(const Identity& identity, Duration stamp) {
  const auto found = by_destination_.find(identity.id.destination);
  if (found == by_destination_.end()) {
    return;
  }
  Slot& slot = slots_[found->second];
  const auto attempt = static_cast<std::uint8_t>(identity.id.round - slot.first_round);
  if (attempt < slot.job.options->attempts) {
    slot.state.correct_send({identity.id.ttl, identity.id.flow}, attempt, stamp);
  }
}

void TraceEngine::receive(const Identity& identity, const ReplyPacket& packet, Duration stamp,
                          Duration now) {
  const auto found = by_destination_.find(identity.id.destination);
  if (found == by_destination_.end()) {
    ++counters_.late;
    return;
  }
  const std::uint32_t index = found->second;
  Slot& slot = slots_[index];
  const auto attempt = static_cast<std::uint8_t>(identity.id.round - slot.first_round);
  if (attempt >= slot.job.options->attempts) {
    ++counters_.late;
    return;
  }
  TraceState& state = slot.state;
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
  if (answered_) {
    answered_(slot.job, key, *state.reply_to(key));
  }
  plan(index, now);
}

void TraceEngine::expire(TimeoutQueue& queue, Duration now) {
  while (!queue.items.empty() && queue.items.front().deadline <= now) {
    const InFlight item = queue.items.front();
    queue.items.pop_front();
    if (!is_current(item.work)) {
      continue;
    }
    Slot& slot = slots_[item.work.slot];
    TraceState& state = slot.state;
    if (const Duration rest = time_left(state, queue.timeout, item, now); rest > kRounding) {
      // The packet was postponed and left later than this entry knows.
      queue.items.push_back({now + rest, item.work, item.attempt});
      continue;
    }
    const bool was_waiting = state.state_of(item.work.key) == CellState::InFlight;
    if (state.time_out(item.work.key, item.attempt, *slot.job.options)) {
      ++counters_.timed_out;
      enqueue(item.work.slot, item.work.key, now);
    } else if (was_waiting && state.state_of(item.work.key) == CellState::Silent) {
      ++counters_.timed_out;
      plan(item.work.slot, now);
    }
  }
}

void TraceEngine::advance(Duration now) {
  for (TimeoutQueue& queue : in_flight_) {
    expire(queue, now);
  }
  std::erase_if(in_flight_, [](const TimeoutQueue& queue) { return queue.items.empty(); });
  forget(now);
}

void TraceEngine::cancel_all(Duration now) {
  auto waiting = std::exchange(waiting_, {});
  auto resumed = std::exchange(resumed_, {});
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].in_use) {
      finish(slot, StopReason::Cancelled, now);
    }
  }
  for (auto& [destination, jobs] : waiting) {
    for (const TraceJob& job : jobs) {
      finished_(job, {});
    }
  }
  for (const TraceJob& job : resumed) {
    finished_(job, {});
  }
}

bool TraceEngine::cancel(std::uint64_t id, Duration now) {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].in_use && slots_[slot].job.id == id) {
      finish(slot, StopReason::Cancelled, now);
      return true;
    }
  }
  return cancel_waiting(id);
}

bool TraceEngine::cancel_waiting(std::uint64_t id) {
  const auto has_id = [id](const TraceJob& job) { return job.id == id; };
  const auto take_from = [&](std::deque<TraceJob>& jobs) {
    const auto found = std::find_if(jobs.begin(), jobs.end(), has_id);
    std::optional<TraceJob> job;
    if (found != jobs.end()) {
      job = std::move(*found);
      jobs.erase(found);
    }
    return job;
  };
  auto job = take_from(resumed_);
  for (auto at = waiting_.begin(); !job && at != waiting_.end();) {
    job = take_from(at->second);
    const auto here = at++;
    if (here->second.empty()) {
      waiting_.erase(here);
    }
  }
  if (job) {
    finished_(*job, {});
  }
  return job.has_value();
}

std::optional<Duration> TraceEngine::next_event() const {
  const bool can_admit =
      (!source_.is_empty() || !resumed_.empty()) && active_ < limits_.most_active;
  if (!ready_.empty() || can_admit) {
    return Duration::zero();
  }
  std::optional<Duration> soonest;
  const auto consider = [&](Duration at) { soonest = soonest ? std::min(*soonest, at) : at; };
  for (const TimeoutQueue& queue : in_flight_) {
    if (!queue.items.empty()) {
      consider(queue.items.front().deadline);
    }
  }
  if (!delayed_.empty()) {
    consider(delayed_.top().due);
  }
  return soonest;
}

}  // namespace isthmus::probe
