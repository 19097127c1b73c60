#include "tests/bench/detection/world.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/base/hash.hpp"

namespace isthmus::bench {
namespace {

constexpr Duration kMostSpread = std::chrono::seconds{180};
constexpr std::array<std::uint32_t, 5> kTransits{6939, 9002, 6453, 1273, 4766};

}  // namespace

World::World(const Setup& setup) : setup_{setup}, random_{setup.seed} {
  target_.name = "t";
  target_.origins = {kTarget};
  if (!setup.learns) {
    target_.known_upstreams = setup.known;
  }
  for (std::size_t i = 0; i < setup.prefixes; ++i) {
    target_.prefixes.push_back(prefix(i));
  }
  ways_.assign(points(), std::vector<std::vector<Change>>(setup.prefixes));
  for (std::size_t point = 0; point < points(); ++point) {
    Way first;
    first.upstream = setup.known.front();
    first.transit = {Asn{kTransits.at(point % kTransits.size())}};
    first.rtt = between(std::chrono::milliseconds{80}, std::chrono::milliseconds{300});
    for (auto& changes : ways_[point]) {
      changes.push_back({Duration::min(), first});
    }
  }
}

Duration World::exponential(Duration mean, Duration most) {
  const double seconds = std::exponential_distribution<double>{1 / to_seconds(mean)}(random_);
  return std::min(most, Duration{static_cast<Duration::rep>(seconds * 1e6)});
}

Duration World::between(Duration low, Duration high) {
  return Duration{std::uniform_int_distribution<Duration::rep>{low.count(), high.count()}(random_)};
}

Prefix World::prefix(std::size_t index) const {
  return Prefix::covering(IpAddress::v4(0xaf2db000 + static_cast<std::uint32_t>(index) * 256), 24);
}

Asn World::group_of(std::size_t point) const {
  return is_probe(point) ? Asn{20'000 + static_cast<std::uint32_t>(point % setup_.groups)}
                         : Asn{10'000 + static_cast<std::uint32_t>(point - setup_.probes)};
}

VantagePoint World::vantage(std::size_t point) const {
  const auto number = static_cast<std::uint32_t>(point);
  if (is_probe(point)) {
    return {Plane::Data, fmt::format("p{}", point), IpAddress::v4(0xc6130000 + number),
            group_of(point)};
  }
  return {Plane::Control, fmt::format("rrc{:02}", point % 3), IpAddress::v4(0xc6120000 + number),
          group_of(point)};
}

World::Picked World::pick(double share, bool data, bool control) {
  Picked picked;
  const auto take = [&](std::size_t groups, const auto& belongs) {
    std::vector<std::size_t> order(groups);
    for (std::size_t i = 0; i < groups; ++i) {
      order[i] = i;
    }
    std::shuffle(order.begin(), order.end(), random_);
    const auto count = std::max<std::size_t>(
        1, static_cast<std::size_t>(std::lround(share * static_cast<double>(groups))));
    for (std::size_t i = 0; i < std::min(count, groups); ++i) {
      belongs(order[i]);
    }
  };
  if (data && setup_.probes > 0) {
    take(setup_.groups, [&](std::size_t group) {
      for (std::size_t probe = group; probe < setup_.probes; probe += setup_.groups) {
        picked.push_back(probe);
      }
    });
  }
  if (control && setup_.peers > 0) {
    take(setup_.peers, [&](std::size_t peer) { picked.push_back(setup_.probes + peer); });
  }
  return picked;
}

std::vector<std::size_t> World::all_prefixes() const {
  return some_prefixes(1);
}

std::vector<std::size_t> World::some_prefixes(double part) const {
  std::vector<std::size_t> list;
  const auto count = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::lround(part * static_cast<double>(setup_.prefixes))));
  for (std::size_t i = 0; i < count; ++i) {
    list.push_back(i);
  }
  return list;
}

void World::change(Duration at, const Picked& who, const std::vector<std::size_t>& prefixes,
                   const std::function<void(Way&)>& how, Duration spread) {
  std::map<Asn, Duration> delays;  // a network converges as one
  for (const std::size_t point : who) {
    const auto [delay, fresh] = delays.try_emplace(group_of(point), Duration{});
    if (fresh && spread > Duration{}) {
      delay->second = exponential(spread, kMostSpread);
    }
    for (const std::size_t each : prefixes) {
      auto& changes = ways_[point][each];
      const Duration when = at + delay->second;
      const auto after =
          std::upper_bound(changes.begin(), changes.end(), when,
                           [](Duration time, const Change& change) { return time < change.at; });
      Way next = std::prev(after)->way;
      how(next);
      changes.insert(after, {when, std::move(next)});
    }
  }
}

void World::disturb(Duration from, Duration until, Disturbance how) {
  disturbances_.emplace_back(from, until, std::move(how));
}

void World::announce(Duration at, std::size_t peer, std::size_t prefix, std::string raw_path) {
  raw_.emplace_back(at, setup_.probes + peer, prefix, std::move(raw_path));
}

const Way& World::way(std::size_t point, std::size_t prefix, Duration at) {
  const auto& changes = ways_[point][prefix];
  std::size_t& place = next_[point][prefix];
  while (place + 1 < changes.size() && changes[place + 1].at <= at) {
    ++place;
  }
  while (place > 0 && changes[place].at > at) {
    --place;
  }
  return changes[place].way;
}

std::optional<Observation> World::trace(std::size_t probe, std::size_t prefix_index, Duration at) {
  const Way& now = way(probe, prefix_index, at);
  Observation seen;
  const Duration end = at + between(std::chrono::seconds{4}, std::chrono::seconds{12});
  seen.time = seen.receive_time = kStart + end;
  seen.vantage = vantage(probe);
  seen.target = target_.name;
  seen.prefix = prefix(prefix_index);
  seen.evidence_id = combine(setup_.seed, ++evidence_);
  TraceEvidence evidence;
  if (!now.reaches) {
    seen.verdict = Verdict::Unreachable;
    seen.reasons = {"silent"};
    seen.trace = evidence;
  } else if (uniform() < setup_.inconclusive) {
    evidence.reached = true;
    seen.reasons = {"no_as_label"};
    seen.trace = evidence;
  } else {
    seen.verdict = Verdict::Upstream;
    seen.grade = uniform() < setup_.grade_a ? Grade::A : Grade::B;
    seen.upstreams = {now.upstream};
    if (uniform() < setup_.mislabelled) {
      seen.upstreams = {Asn{3000 + static_cast<std::uint32_t>(random_() % 40)}};
      seen.grade = Grade::B;
    }
    seen.path = {seen.vantage.asn};
    seen.path.insert(seen.path.end(), now.transit.begin(), now.transit.end());
    seen.path.push_back(seen.upstreams.front());
    seen.path.push_back(kTarget);
    const auto router = static_cast<std::uint32_t>(probe % 4);
    evidence.upstream_addresses = {IpAddress::v4(seen.upstreams.front().value * 256 + 10),
                                   IpAddress::v4(seen.upstreams.front().value * 256 + 20 + router)};
    evidence.run_length = 2;
    evidence.gap = seen.grade == Grade::A ? 0 : 3;
    evidence.reached = true;
    evidence.via_ixp = now.via_exchange;
    evidence.rtt = now.rtt + exponential(std::chrono::milliseconds{2}, std::chrono::seconds{1});
    if (now.other_host) {
      seen.reasons.emplace_back("other_host");
    }
    seen.trace = evidence;
  }
  for (const auto& [from, until, how] : disturbances_) {
    if (at >= from && at < until && !how(probe, prefix_index, seen)) {
      return std::nullopt;
    }
  }
  return seen;
}

void World::tell_raw(std::size_t point, std::size_t prefix_index, Duration at, RouteKind kind,
                     const std::string& path) {
  const VantagePoint from = vantage(point);
  Route route;
  route.kind = path.empty() ? RouteKind::Withdraw : kind;
  route.time = kStart + at;
  route.since = kind == RouteKind::Table ? route.time - std::chrono::hours{24} : route.time;
  route.sequence = ++sequence_;
  route.vantage = &from;
  route.prefix = prefix(prefix_index);
  RouteAttributes attributes;
  Asn upstream{};
  if (!path.empty()) {
    attributes.as_path = AsPath::parse(path).value();
    route.attributes = &attributes;
    const auto asns = attributes.as_path.asns();
    for (std::size_t i = 1; i < asns.size(); ++i) {
      if (asns[i] == kTarget && asns[i - 1] != kTarget) {
        upstream = asns[i - 1];
      }
    }
  }
  detector_->observe(route);
  for (const auto& comparator : comparators_) {
    comparator->route(route.time, from.asn, route.prefix, upstream);
  }
}

void World::tell_route(std::size_t point, std::size_t prefix_index, Duration at, RouteKind kind) {
  const Way& now = way(point, prefix_index, at);
  std::string path;
  if (now.announced) {
    path = std::to_string(group_of(point).value);
    for (const Asn asn : now.transit) {
      path += ' ' + std::to_string(asn.value);
    }
    path += now.raw_tail.empty() ? fmt::format(" {} {}", now.upstream.value, kTarget.value)
                                 : ' ' + now.raw_tail;
  }
  tell_raw(point, prefix_index, at, kind, path);
}

void World::sweep(const collector::SweepRequest& request, Duration now, Outcome& outcome) {
  const Duration at = std::max(now, request.at - kStart);
  std::map<Asn, bool> done;
  for (std::size_t probe = 0; probe < setup_.probes; ++probe) {
    // All groups once; politely, within a quarter of a minute.
    if (done[group_of(probe)]) {
      continue;
    }
    done[group_of(probe)] = true;
    for (std::size_t each = 0; each < setup_.prefixes; ++each) {
      if (request.prefix && prefix(each) != *request.prefix) {
        continue;
      }
      queue_.push({at + between(std::chrono::seconds{1}, std::chrono::seconds{15}), 1,
                   static_cast<std::uint32_t>(probe), static_cast<std::uint32_t>(each), 0});
      outcome.sweeps += 1;
    }
  }
}

void World::sample(Duration at, Outcome& outcome) {
  std::map<Asn, double> truth;
  const double each = 1.0 / static_cast<double>(setup_.prefixes * setup_.groups);
  for (std::size_t index = 0; index < setup_.prefixes; ++index) {
    for (std::size_t group = 0; group < setup_.groups; ++group) {
      truth[way(group, index, at).upstream] += each;
    }
  }
  const auto list = detector_->status(kStart + at);
  if (list.empty()) {
    return;
  }
  for (const auto& upstream : list.front().upstreams) {
    for (const auto& plane : upstream.planes) {
      if (plane.plane == Plane::Data && (truth.contains(upstream.asn) || plane.share > 0)) {
        outcome.share_errors.push_back(std::abs(plane.share - truth[upstream.asn]));
      }
    }
  }
}

void World::collect(Duration now, Outcome& outcome) {
  detector_->advance(kStart + now);
  collector::Findings found = detector_->take_findings();
  for (Event& event : found.events) {
    outcome.events.push_back({std::move(event), now});
  }
  for (const auto& request : found.sweeps) {
    sweep(request, now, outcome);
  }
  if (setup_.keep_evidence) {
    std::move(found.observations.begin(), found.observations.end(),
              std::back_inserter(outcome.evidence));
  }
}

Outcome World::run(Duration until) {
  Outcome outcome;
  collector::DetectorSettings settings;
  settings.lateness = setup_.lateness;
  settings.probe_interval = setup_.interval;
  std::vector<collector::Target> targets{target_};
  detector_ = std::make_unique<collector::Detector>(targets, settings);
  comparators_ = make_comparators(setup_.known);
  next_.assign(points(), std::vector<std::size_t>(setup_.prefixes, 0));
  const auto push = [&](Duration at, int kind, std::size_t point, std::size_t prefix_index,
                        std::size_t index) {
    queue_.push({at, kind, static_cast<std::uint32_t>(point),
                 static_cast<std::uint32_t>(prefix_index), static_cast<std::uint32_t>(index)});
  };
  for (std::size_t point = 0; point < points(); ++point) {
    for (std::size_t each = 0; each < setup_.prefixes; ++each) {
      if (is_probe(point)) {
        const auto joined = joins_.find(point);
        push((joined == joins_.end() ? Duration{} : joined->second) +
                 between(Duration{}, setup_.interval),
             0, point, each, 0);
        continue;
      }
      tell_route(point, each, Duration{}, RouteKind::Table);
      for (const Change& change : ways_[point][each]) {
        if (change.at >= Duration{}) {
          push(change.at, 2, point, each, 0);
        }
      }
    }
  }
  for (std::size_t i = 0; i < raw_.size(); ++i) {
    push(std::get<0>(raw_[i]), 3, 0, 0, i);
  }
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    push(tables_[i].first, 4, 0, 0, i);
  }
  for (const Duration at : samples_) {
    push(at, 5, 0, 0, 0);
  }
  // Results come in when the traceroute has ended.
  const auto later = [](const Result& left, const Result& right) {
    return std::tie(left.at, left.order) > std::tie(right.at, right.order);
  };
  std::vector<Result> results;
  std::uint64_t order = 0;
  const auto deliver = [&](Duration now) {
    while (!results.empty() && results.front().at <= now) {
      std::pop_heap(results.begin(), results.end(), later);
      const Result result = std::move(results.back());
      results.pop_back();
      outcome.observations += 1;
      detector_->observe(result.seen);
      for (const auto& comparator : comparators_) {
        comparator->trace(result.seen);
      }
      collect(result.at, outcome);
    }
  };
  while (!queue_.empty() && queue_.top().at <= until) {
    const Item item = queue_.top();
    queue_.pop();
    deliver(item.at);
    const Duration now = item.at;
    if (item.kind <= 1) {
      const auto left = leaves_.find(item.point);
      const auto joined = joins_.find(item.point);
      const bool away = (left != leaves_.end() && now >= left->second) ||
                        (joined != joins_.end() && now < joined->second);
      if (item.kind == 0 && !(left != leaves_.end() && now >= left->second)) {
        const double jitter = 0.95 + 0.1 * uniform();
        push(now + Duration{static_cast<Duration::rep>(
                       static_cast<double>(setup_.interval.count()) * jitter)},
             0, item.point, item.prefix, 0);
      }
      if (!away) {
        if (auto seen = trace(item.point, item.prefix, now)) {
          const Duration end = seen->time - kStart;
          if (const auto skewed = skews_.find(item.point); skewed != skews_.end()) {
            seen->time += skewed->second;
          }
          results.push_back({end, ++order, std::move(*seen)});
          std::push_heap(results.begin(), results.end(), later);
        }
      }
      continue;
    }
    if (item.kind == 2) {
      tell_route(item.point, item.prefix, now, RouteKind::Announce);
    } else if (item.kind == 3) {
      const auto& [at, point, prefix_index, path] = raw_[item.index];
      tell_raw(point, prefix_index, now, RouteKind::Announce, path);
    } else if (item.kind == 4) {
      detector_->use(tables_[item.index].second, kStart + now);
    } else {
      sample(now, outcome);
    }
    collect(now, outcome);
  }
  deliver(until);
  collect(until + setup_.lateness, outcome);
  for (const auto& comparator : comparators_) {
    outcome.alarms[comparator->name()] = comparator->alarms();
  }
  outcome.counters = detector_->counters();
  return outcome;
}

}  // namespace isthmus::bench
