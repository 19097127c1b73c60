#include "probe/plan/schedule.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::probe {
namespace {

constexpr double kJitter = 0.05;  ///< of the interval, either way
constexpr double kBurstSeconds = 5;
constexpr double kReserve = 0.2;  ///< of the burst, for sweeps and single traces
/// A sweep that is asked for later than this after its time tells nothing of the moment any more.
constexpr Duration kSweepPatience = std::chrono::minutes{10};
constexpr Duration kTracePatience = std::chrono::minutes{1};
constexpr std::size_t kKnownRequests = 8'192;
constexpr std::uint16_t kFlowSpace = 1'024;

double seconds(Duration duration) {
  return to_seconds(duration);
}
Duration from_seconds(double value) {
  return Duration{static_cast<std::int64_t>(std::ceil(value * 1e6))};
}

double lower(double own, double wish) {
  return wish > 0 ? std::min(own, wish) : own;
}

}  // namespace

Schedule::Schedule(const PlanBounds& bounds, DestinationFilter filter, std::uint64_t seed)
    : bounds_{bounds},
      filter_{std::move(filter)},
      random_{seed} {
  tokens_ = capacity();
}

PlanLimits Schedule::limits() const {
  return {.rate = lower(bounds_.rate, plan_.limits.rate),
          .destination_rate = lower(bounds_.destination_rate, plan_.limits.destination_rate)};
}

bool Schedule::admit(const IpAddress& destination) {
  const Refusal refusal = filter_.check(destination);
  if (refusal != Refusal::None) {
    ++counters_.refused[refusal];
  }
  return refusal == Refusal::None;
}

void Schedule::set_plan(const PlanMessage& plan, TimePoint wall, Duration now) {
  plan_ = plan;
  plan_.sweeps.clear();
  plan_.traces.clear();
  std::map<IpAddress, Task> wanted;
  for (const PlanTarget& target : plan.targets) {
    add_rounds(target, wanted);
  }
  keep_rounds(std::move(wanted), now);
  for (const PlanSweep& sweep : plan.sweeps) {
    add_sweep(sweep, wall, now);
  }
  for (const PlanTrace& trace : plan.traces) {
    add_trace(trace, wall, now);
  }
}

void Schedule::set_bounds(const PlanBounds& bounds, DestinationFilter filter, Duration now) {
  bounds_ = bounds;
  filter_ = std::move(filter);
  tokens_ = std::min(tokens_, capacity());
  std::map<IpAddress, Task> wanted;
  for (const PlanTarget& target : plan_.targets) {
    add_rounds(target, wanted);
  }
  keep_rounds(std::move(wanted), now);
  for (auto each = urgent_.begin(); each != urgent_.end();) {
    each = admit(each->second.order.destination) ? std::next(each) : urgent_.erase(each);
  }
}

void Schedule::add_rounds(const PlanTarget& target, std::map<IpAddress, Task>& wanted) {
  const Duration interval = std::max(target.interval, bounds_.min_interval);
  for (const PlanPrefix& prefix : target.prefixes) {
    for (const IpAddress& destination : prefix.destinations) {
      // An address that two targets name is traced once, as often as the more eager one wants.
      if (const auto same = wanted.find(destination); same != wanted.end()) {
        same->second.interval = std::min(same->second.interval, interval);
        same->second.flows = std::max(same->second.flows, target.flows);
        continue;
      }
      if (!admit(destination)) {
        continue;
      }
      if (wanted.size() >= bounds_.max_destinations) {
        ++counters_.over_bound;
        continue;
      }
      wanted.emplace(destination, Task{.interval = interval,
                                       .methods = target.methods,
                                       .flows = std::max<std::uint16_t>(target.flows, 1)});
    }
  }
}

void Schedule::keep_rounds(std::map<IpAddress, Task> wanted, Duration now) {
  rounds_.clear();
  for (auto& [destination, task] : wanted) {
    const auto before = tasks_.find(destination);
    if (before != tasks_.end() && before->second.interval == task.interval) {
      task.round = before->second.round;
      task.base = before->second.base;
      task.due = before->second.due;
      task.last_flow = before->second.last_flow;
    } else {
      // The first round at a random moment of the interval: not all at once, nor when others start.
      std::uniform_real_distribution<double> phase{0, seconds(task.interval)};
      task.base = now + from_seconds(phase(random_));
      task.due = task.base;
      task.last_flow = static_cast<std::uint16_t>(random_() % task.flows);
    }
    rounds_.emplace(task.due, destination);
  }
  tasks_ = std::move(wanted);
}

bool Schedule::is_new_request(std::uint64_t id) {
  if (!known_requests_.insert(id).second) {
    return false;
  }
  request_order_.push_back(id);
  if (request_order_.size() > kKnownRequests) {
    known_requests_.erase(request_order_.front());
    request_order_.pop_front();
  }
  return true;
}

void Schedule::add_sweep(const PlanSweep& sweep, TimePoint wall, Duration now) {
  if (!is_new_request(sweep.id)) {
    return;
  }
  if (wall - sweep.at > kSweepPatience) {
    ++counters_.requests_late;
    return;
  }
  const Duration start = now + std::max(Duration{0}, sweep.at - wall);
  for (const IpAddress& destination : sweep.destinations) {
    if (!admit(destination)) {
      continue;
    }
    const auto task = tasks_.find(destination);
    const unsigned known = task == tasks_.end() ? 0 : task->second.last_flow;
    for (std::uint16_t i = 0; i < sweep.flows; ++i) {
      const Duration due = start + i * sweep.spacing;
      urgent_.emplace(
          due, Urgent{.order = {.destination = destination,
                                .method = sweep.method,
                                .flow = static_cast<std::uint16_t>((known + 1U + i) % kFlowSpace),
                                .max_ttl = bounds_.max_ttl,
                                .request = sweep.id},
                      .give_up = due + kSweepPatience});
    }
  }
}

void Schedule::add_trace(const PlanTrace& trace, TimePoint wall, Duration now) {
  if (!is_new_request(trace.id) || !admit(trace.destination)) {
    return;
  }
  if (wall > trace.until) {
    ++counters_.requests_late;
    return;
  }
  urgent_.emplace(now, Urgent{.order = {.destination = trace.destination,
                                        .method = trace.method,
                                        .flow = trace.flow,
                                        .max_ttl = std::min(trace.max_ttl, bounds_.max_ttl),
                                        .request = trace.id},
                              .give_up = now + std::min(trace.until - wall, kTracePatience),
                              .for_person = true});
}

Duration Schedule::due_of_round(const Task& task) {
  std::uniform_real_distribution<double> jitter{-kJitter, kJitter};
  const auto rounds = static_cast<std::int64_t>(task.round);
  return task.base + rounds * task.interval +
         from_seconds(jitter(random_) * seconds(task.interval));
}

void Schedule::reschedule(const IpAddress& destination, Task& task, Duration due) {
  rounds_.erase({task.due, destination});
  task.due = due;
  rounds_.emplace(due, destination);
}

double Schedule::capacity() const {
  return std::max(limits().rate * kBurstSeconds, 2 * cost_);
}

double Schedule::reserve() const {
  return kReserve * capacity();
}

void Schedule::refill(Duration now) {
  if (now > refilled_at_) {
    tokens_ = std::min(capacity(), tokens_ + seconds(now - refilled_at_) * limits().rate);
    refilled_at_ = now;
  }
}

Duration Schedule::allowed_at(const IpAddress& destination) const {
  const auto rest = allowed_.find(destination);
  return rest == allowed_.end() ? Duration{0} : rest->second;
}

void Schedule::spend(const TraceOrder& order, Duration now) {
  tokens_ -= cost_;
  allowed_[order.destination] = now + from_seconds(cost_ / limits().destination_rate);
  // Who has rested is forgotten, now and then.
  if (allowed_.size() > 2 * (tasks_.size() + 64)) {
    std::erase_if(allowed_, [now](const auto& each) { return each.second <= now; });
  }
}

std::optional<TraceOrder> Schedule::next_urgent(Duration now) {
  for (auto each = urgent_.begin(); each != urgent_.end() && each->first <= now;) {
    const Urgent& urgent = each->second;
    if (urgent.give_up < now) {
      ++counters_.requests_late;
      each = urgent_.erase(each);
      continue;
    }
    if (allowed_at(urgent.order.destination) > now) {
      ++each;
      continue;
    }
    ++(urgent.for_person ? counters_.single_traces : counters_.sweeps);
    const TraceOrder order = urgent.order;
    urgent_.erase(each);
    return order;
  }
  return std::nullopt;
}

std::optional<TraceOrder> Schedule::next_round(Duration now) {
  while (!rounds_.empty() && rounds_.begin()->first <= now) {
    const IpAddress destination = rounds_.begin()->second;
    Task& task = tasks_.at(destination);
    const bool may = tokens_ >= cost_ + reserve() && allowed_at(destination) <= now;
    const Duration end_of_round =
        task.base + static_cast<std::int64_t>(task.round + 1) * task.interval;
    if (!may && end_of_round > now) {
      // It waits for room, behind those that have it.
      if (tokens_ < cost_ + reserve()) {
        return std::nullopt;
      }
      reschedule(destination, task, std::min(end_of_round, allowed_at(destination)));
      continue;
    }
    const std::uint64_t round = task.round;
    const auto passed =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, (now - task.base) / task.interval));
    task.round = std::max(task.round + 1, passed + (now < task.base ? 0 : 1));
    counters_.rounds_skipped += task.round - round - (may ? 1 : 0);
    reschedule(destination, task, due_of_round(task));
    if (!may) {
      continue;
    }
    task.last_flow = static_cast<std::uint16_t>((task.last_flow + 1U) % task.flows);
    ++counters_.rounds;
    return TraceOrder{.destination = destination,
                      .method = task.methods[static_cast<std::size_t>(round) % task.methods.size()],
                      .flow = task.last_flow,
                      .max_ttl = bounds_.max_ttl};
  }
  return std::nullopt;
}

std::optional<TraceOrder> Schedule::next(Duration now) {
  refill(now);
  std::optional<TraceOrder> order;
  if (tokens_ >= cost_) {
    order = next_urgent(now);
  }
  if (!order) {
    order = next_round(now);
  }
  if (order) {
    spend(*order, now);
  }
  return order;
}

Duration Schedule::room_at(double needed, Duration now) const {
  const double missing =
      needed - std::min(capacity(), tokens_ + seconds(now - refilled_at_) * limits().rate);
  return missing <= 0 ? now : now + from_seconds(missing / limits().rate);
}

std::optional<Duration> Schedule::next_time(Duration now) const {
  std::optional<Duration> soonest;
  const auto consider = [&](Duration when) { soonest = soonest ? std::min(*soonest, when) : when; };
  for (const auto& [due, urgent] : urgent_) {
    consider(std::max({due, allowed_at(urgent.order.destination), room_at(cost_, now)}));
    if (due > now) {
      break;
    }
  }
  if (!rounds_.empty()) {
    consider(std::max(rounds_.begin()->first, room_at(cost_ + reserve(), now)));
  }
  return soonest;
}

void Schedule::finished(const TraceOrder& order, std::uint32_t packets) {
  constexpr double kWeight = 0.05;
  static_cast<void>(order);
  tokens_ -= packets - cost_;
  cost_ = std::max(1.0, cost_ + kWeight * (packets - cost_));
}

}  // namespace isthmus::probe
