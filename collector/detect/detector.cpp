#include "collector/detect/detector.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "collector/detect/forged_paths.hpp"
#include "collector/detect/input_buffer.hpp"
#include "collector/detect/learned_prefixes.hpp"
#include "collector/detect/path_upstream.hpp"
#include "collector/detect/snapshot.hpp"
#include "collector/detect/state_archive.hpp"
#include "collector/detect/storms.hpp"
#include "collector/detect/target_watch.hpp"
#include "core/base/hash.hpp"
#include "core/net/prefix_map.hpp"

namespace isthmus::collector {
namespace {

using Indexes = std::vector<std::size_t>;

std::uint64_t evidence_of(const Observation& seen, std::uint32_t path_id) {
  std::uint64_t id = hash_text(seen.raw_path);
  id = combine(id, hash_text(seen.vantage.source));
  id = combine(id, hash_value(seen.vantage.address));
  id = combine(id, seen.vantage.asn.value);
  id = combine(id, hash_value(seen.prefix));
  id = combine(id, static_cast<std::uint64_t>(seen.time.time_since_epoch().count()));
  return combine(id, path_id + (static_cast<std::uint64_t>(seen.verdict) << 32));
}

void add_once(Indexes& list, std::size_t index) {
  if (std::find(list.begin(), list.end(), index) == list.end()) {
    list.push_back(index);
  }
}

/// Whether a target stands within a path that begins and ends with others: it is not one who looks
/// at its own routes, nor one that serves its own people.
bool is_carried(const PathReading& reading, const Target& target, Asn asn) {
  const auto is_own = [&](Asn each) {
    const auto has = [each](const std::vector<Asn>& list) {
      return std::find(list.begin(), list.end(), each) != list.end();
    };
    return has(target.origins) || has(target.siblings);
  };
  const auto other = std::find_if_not(reading.path.begin(), reading.path.end(), is_own);
  return !is_own(*reading.foreign_origin) &&
         std::find(other, reading.path.end(), asn) != reading.path.end();
}

bool is_watched(const Target& target, const Prefix& prefix) {
  return target.prefixes.empty() ||
         std::any_of(target.prefixes.begin(), target.prefixes.end(),
                     [&](const Prefix& each) { return each.contains(prefix); });
}

/// A target with its watches, and the input that waits for its time.
struct Watched {
  Watched(const Target& given, std::size_t place, const DetectorSettings& settings,
          const DetectorTables& tables, const LearnedPrefixes& prefixes)
      : target{given},
        index{place},
        learned{prefixes},
        four{given, Family::Ipv4, settings, tables},
        six{given, Family::Ipv6, settings, tables} {}

  TargetWatch& watch(Family family) { return family == Family::Ipv4 ? four : six; }
  [[nodiscard]] std::optional<TimePoint> next_due() const {
    const auto left = four.next_due();
    const auto right = six.next_due();
    return left && right ? std::min(*left, *right) : left ? left : right;
  }
  void run(TimePoint until);
  void wait(PendingInput input) {
    const bool is_session = input.kind == PendingInput::Kind::SessionDown ||
                            input.kind == PendingInput::Kind::SessionUp;
    const Plane plane = input.observation.vantage.plane;
    if (!pending.insert(std::move(input)).second && !is_session) {
      ++duplicates[plane];
    }
  }
  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.four, self.six, self.pending, self.now);
  }
  [[nodiscard]] bool concerns(const PendingInput& input) const {
    const Observation& seen = input.observation;
    return !input.if_learned || learned.counts(seen.prefix, index, seen.time, *input.if_learned);
  }

  const Target& target;
  std::size_t index;
  const LearnedPrefixes& learned;
  TargetWatch four;
  TargetWatch six;
  InputBuffer pending;
  TimePoint now = TimePoint::min();
  std::map<Plane, std::uint64_t> duplicates;
};

/// Goes through inputs and clocks in the order of their times, up to a moment.
void Watched::run(TimePoint until) {
  for (;;) {
    const std::optional<TimePoint> due = next_due();
    const bool waits = !pending.empty();
    if (!waits && !due) {
      return;
    }
    const TimePoint input = waits ? pending.begin()->observation.time : TimePoint::max();
    const TimePoint moment = due ? std::min(*due, input) : input;
    if (moment > until) {
      return;
    }
    // What comes late is judged now: time does not run backwards.
    now = std::max(now, moment);
    bool touched_four = four.next_due() && *four.next_due() <= now;
    bool touched_six = six.next_due() && *six.next_due() <= now;
    while (!pending.empty() && pending.begin()->observation.time <= moment) {
      PendingInput next = std::move(pending.extract(pending.begin()).value());
      if (next.kind == PendingInput::Kind::SessionDown ||
          next.kind == PendingInput::Kind::SessionUp) {
        four.apply(next);
        six.apply(next);
        touched_four = touched_six = true;
        continue;
      }
      if (!concerns(next)) {
        continue;
      }
      const bool is_four = next.observation.prefix.family() == Family::Ipv4;
      const bool touched = watch(next.observation.prefix.family()).apply(next);
      (is_four ? touched_four : touched_six) |= touched;
    }
    if (touched_four) {
      four.evaluate(now);
    }
    if (touched_six) {
      six.evaluate(now);
    }
  }
}

}  // namespace

struct Detector::Impl {
  Impl(std::vector<Target> given, DetectorSettings chosen)
      : targets{std::move(given)},
        settings{std::move(chosen)},
        learned{listless(targets), settings.lateness} {
    std::map<Prefix, Indexes> prefixes;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      watched.push_back(std::make_unique<Watched>(targets[i], i, settings, tables, learned));
      add_once(by_name[targets[i].name], i);
      for (const Prefix& prefix : targets[i].prefixes) {
        add_once(prefixes[prefix], i);
      }
      for (const Asn origin : targets[i].origins) {
        add_once(by_origin[origin], i);
        origin_bits |= bit_of(origin);
      }
    }
    for (auto& [prefix, list] : prefixes) {
      by_prefix.insert(prefix, std::move(list));
    }
  }

  static std::size_t listless(const std::vector<Target>& list) {
    return static_cast<std::size_t>(std::count_if(
        list.begin(), list.end(), [](const Target& target) { return target.prefixes.empty(); }));
  }
  static std::uint64_t bit_of(Asn asn) { return std::uint64_t{1} << (asn.value & 63); }

  void observe_session(const Route& route);
  void observe_path(const Route& route);
  void take_in(std::size_t index, const Route& route);
  void learn_prefix(const Route& route, std::size_t index);
  [[nodiscard]] bool has_listless() const { return learned.targets() > 0; }
  void run(TimePoint until);

  std::vector<Target> targets;
  DetectorSettings settings;
  DetectorTables tables;
  LearnedPrefixes learned;
  std::vector<std::unique_ptr<Watched>> watched;
  PrefixMap<Indexes> by_prefix;
  std::unordered_map<Asn, Indexes> by_origin;
  std::unordered_map<std::string, Indexes> by_name;
  std::map<std::pair<Plane, std::string>, std::uint64_t> rejected;  ///< before any watch saw them
  std::uint64_t origin_bits = 0;  ///< tells most ASNs that are no target's at once
  ForgedPaths forged;
  Storms storms;
  Findings findings;
};

void Detector::Impl::observe_session(const Route& route) {
  PendingInput input;
  input.kind = route.kind == RouteKind::PeerUp ? PendingInput::Kind::SessionUp
                                               : PendingInput::Kind::SessionDown;
  input.sequence = route.sequence;
  input.since = route.time;
  input.observation.time = input.observation.receive_time = route.time;
  input.observation.vantage = *route.vantage;
  for (const auto& each : watched) {
    each->wait(input);
  }
}

void Detector::Impl::take_in(std::size_t index, const Route& route) {
  const Target& target = targets[index];
  PendingInput input;
  input.sequence = route.sequence;
  input.path_id = route.path_id;
  input.since = route.time;
  Observation& seen = input.observation;
  seen.time = seen.receive_time = route.time;
  seen.vantage = *route.vantage;
  seen.target = target.name;
  seen.prefix = route.prefix;
  if (route.kind == RouteKind::Withdraw || route.attributes == nullptr) {
    input.kind = PendingInput::Kind::Withdraw;
    seen.verdict = Verdict::Unreachable;
  } else {
    PathReading reading = read_path(route.attributes->as_path, target, settings);
    seen.verdict = reading.verdict;
    seen.upstreams = std::move(reading.upstreams);
    seen.grade = reading.grade;
    seen.reasons = std::move(reading.reasons);
    seen.path = std::move(reading.path);
    seen.raw_path = route.attributes->as_path.to_string();
    input.foreign_origin = reading.foreign_origin;
    constexpr Duration kOldest = std::chrono::hours{24 * 3650};
    if (route.kind == RouteKind::Table && route.since < route.time &&
        route.time - route.since < kOldest) {
      input.since = route.since;
    }
  }
  const bool shows_target = seen.verdict != Verdict::Unreachable && !input.foreign_origin;
  if (target.prefixes.empty() && !shows_target) {
    input.if_learned = route.kind;
  }
  seen.evidence_id = evidence_of(seen, route.path_id);
  watched[index]->wait(std::move(input));
}

void Detector::Impl::learn_prefix(const Route& route, std::size_t index) {
  if (targets[index].prefixes.empty() && learned.learn(route.prefix, index, route.time)) {
    learned.for_held(route.prefix, [&](const Route& held) { take_in(index, held); });
  }
}

/// Looks for targets in a path: at its end they tell us their prefixes, elsewhere they are carrying
/// what they should not.
void Detector::Impl::observe_path(const Route& route) {
  const AsPath& path = route.attributes->as_path;
  for (const Asn asn : path.asns()) {
    if ((origin_bits & bit_of(asn)) == 0) {
      continue;
    }
    const auto found = by_origin.find(asn);
    if (found == by_origin.end()) {
      continue;
    }
    for (const std::size_t index : found->second) {
      const Target& target = targets[index];
      const PathReading reading = read_path(path, target, settings);
      if (!reading.foreign_origin) {
        learn_prefix(route, index);
      } else if (is_carried(reading, target, asn)) {
        forged.add(target, route, asn, *reading.foreign_origin);
      }
    }
  }
}

void Detector::Impl::run(TimePoint until) {
  std::vector<Event> events = forged.tell(until, settings);
  const auto append = [](auto& to, auto& from) {
    std::move(from.begin(), from.end(), std::back_inserter(to));
  };
  for (const auto& each : watched) {
    each->run(until);
    for (TargetWatch* const watch : {&each->four, &each->six}) {
      Findings part = watch->take_findings();
      append(events, part.events);
      append(findings.intervals, part.intervals);
      append(findings.observations, part.observations);
      append(findings.sweeps, part.sweeps);
    }
  }
  std::stable_sort(events.begin(), events.end(), precedes);
  std::vector<Event> told = storms.group(std::move(events), until);
  append(findings.events, told);
  learned.forget(until);
}

Detector::Detector(std::vector<Target> targets, DetectorSettings settings)
    : impl_{std::make_unique<Impl>(std::move(targets), std::move(settings))} {}
Detector::~Detector() = default;
Detector::Detector(Detector&&) noexcept = default;
Detector& Detector::operator=(Detector&&) noexcept = default;

void Detector::observe(const Route& route) {
  if (route.kind == RouteKind::PeerUp || route.kind == RouteKind::PeerDown) {
    impl_->observe_session(route);
    return;
  }
  if (route.attributes != nullptr) {
    impl_->observe_path(route);
  }
  if (const auto* const entry = impl_->by_prefix.longest_match(route.prefix)) {
    for (const std::size_t index : entry->second) {
      impl_->take_in(index, route);
    }
  }
  if (impl_->has_listless()) {
    if (const auto* const found = impl_->learned.targets_of(route.prefix); found != nullptr) {
      for (const std::size_t index : *found) {
        impl_->take_in(index, route);
      }
    }
    impl_->learned.hold(route);
  }
}

void Detector::observe(const Observation& observation) {
  const auto named = impl_->by_name.find(observation.target);
  if (named == impl_->by_name.end()) {
    ++impl_->rejected[{observation.vantage.plane, "unknown_target"}];
    return;
  }
  for (const std::size_t index : named->second) {
    if (!is_watched(impl_->targets[index], observation.prefix)) {
      ++impl_->rejected[{observation.vantage.plane, "unwatched_prefix"}];
      continue;
    }
    PendingInput input;
    input.since = observation.time;
    input.observation = observation;
    Observation& seen = input.observation;
    constexpr Duration kAhead = std::chrono::seconds{5};
    if (seen.receive_time != TimePoint{} && seen.time > seen.receive_time + kAhead) {
      seen.time = input.since = seen.receive_time;
      seen.reasons.emplace_back("clock_ahead");
    }
    impl_->watched[index]->wait(std::move(input));
  }
}

void Detector::advance(TimePoint now) {
  impl_->run(now - impl_->settings.lateness);
}

void Detector::finish(TimePoint now) {
  for (const auto& each : impl_->watched) {
    if (!each->pending.empty()) {
      now = std::max(now, each->pending.rbegin()->observation.time);
    }
  }
  impl_->run(now);
}

Findings Detector::take_findings() {
  Findings all = std::exchange(impl_->findings, {});
  std::stable_sort(all.events.begin(), all.events.end(), precedes);
  // By time over all targets and families, so that no call of this between changes the whole.
  std::stable_sort(all.intervals.begin(), all.intervals.end(),
                   [](const RouteInterval& left, const RouteInterval& right) {
                     return left.until.value_or(left.from) < right.until.value_or(right.from);
                   });
  std::stable_sort(
      all.observations.begin(), all.observations.end(),
      [](const Observation& left, const Observation& right) { return left.time < right.time; });
  return all;
}

void Detector::use(DetectorTables tables, TimePoint since) {
  std::vector<TimePoint> changes = std::move(impl_->tables.changes);
  std::erase_if(changes, [&](TimePoint change) { return since - change > std::chrono::hours{24}; });
  if (!impl_->tables.versions.empty() && impl_->tables.versions != tables.versions) {
    changes.push_back(since);
  }
  impl_->tables = std::move(tables);
  impl_->tables.changes = std::move(changes);
}

std::vector<TargetStatus> Detector::status(TimePoint now) const {
  std::vector<TargetStatus> list;
  for (const auto& each : impl_->watched) {
    for (const TargetWatch* const watch : {&each->four, &each->six}) {
      if (std::optional<TargetStatus> status = watch->status(now)) {
        list.push_back(std::move(*status));
      }
    }
  }
  return list;
}

DetectorCounters Detector::counters() const {
  DetectorCounters counters;
  counters.rejected = impl_->rejected;
  for (const auto& each : impl_->watched) {
    each->four.add_counters(counters);
    each->six.add_counters(counters);
    for (const auto& [plane, count] : each->duplicates) {
      counters.duplicates[plane] += count;
    }
  }
  for (const auto& [target, count] : impl_->storms.suppressed()) {
    counters.suppressed[{target, "storm"}] += count;
  }
  return counters;
}

void Detector::save(std::string& out) const {
  std::string body;
  StateWriter writer{body};
  writer(impl_->forged, impl_->storms, impl_->learned);
  writer.size(impl_->watched.size());
  for (const auto& each : impl_->watched) {
    std::string state;
    StateWriter{state}(*each);
    writer(each->target.name, state);
  }
  append_snapshot(out, body);
}

Result<void> Detector::restore(Bytes saved, std::optional<TimePoint> restarted) {
  const Result<Bytes> body = open_snapshot(saved);
  if (!body) {
    return unexpected{body.error()};
  }
  auto fresh = std::make_unique<Impl>(impl_->targets, impl_->settings);
  StateReader reader{*body};
  reader(fresh->forged, fresh->storms, fresh->learned);
  std::vector<std::optional<std::size_t>> places;
  for (std::size_t left = reader.size(); left > 0 && reader.ok(); --left) {
    std::string name;
    std::string state;
    reader(name, state);
    const auto named = fresh->by_name.find(name);
    places.push_back(named == fresh->by_name.end() ? std::nullopt
                                                   : std::optional{named->second.front()});
    if (places.back()) {
      StateReader inner{as_bytes(state)};
      inner(*fresh->watched[*places.back()]);
      if (!inner.ok() || !inner.rest().empty()) {
        return fail("the saved state of the target " + name + " cannot be read");
      }
    }
  }
  if (!reader.ok() || !reader.rest().empty()) {
    return fail("the saved state cannot be read");
  }
  fresh->learned.renumber(places, fresh->watched.size(), Impl::listless(fresh->targets));
  if (restarted) {
    for (const auto& each : fresh->watched) {
      each->four.warm_up(*restarted + 2 * fresh->settings.probe_interval);
      each->six.warm_up(*restarted + 2 * fresh->settings.probe_interval);
    }
  }
  fresh->tables = std::move(impl_->tables);
  fresh->findings = std::move(impl_->findings);
  impl_ = std::move(fresh);
  return {};
}

}  // namespace isthmus::collector
