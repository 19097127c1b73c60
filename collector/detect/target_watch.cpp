#include "collector/detect/target_watch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "collector/detect/target_status.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kOriginGroups = 3;
constexpr Duration kMemory = std::chrono::hours{24};
constexpr int kSilences = 3;

RouteInterval interval_of(const VantageState& state) {
  RouteInterval interval;
  interval.target = state.now.target;
  interval.prefix = state.now.prefix;
  interval.vantage = state.now.vantage;
  interval.verdict = state.now.verdict;
  if (!state.now.upstreams.empty()) {
    interval.upstream = state.now.upstreams.front();
  }
  interval.path = state.now.raw_path;
  if (state.now.vantage.plane == Plane::Data) {
    for (const Asn asn : state.now.path) {
      interval.path += (interval.path.empty() ? "" : " ") + std::to_string(asn.value);
    }
  }
  interval.from = state.now.time;
  return interval;
}

/// Traceroutes name transit networks now and then otherwise: there only the upstream counts, and
/// that it is named no worse than before.
bool same_route(const Observation& left, const Observation& right) {
  if (left.vantage.plane == Plane::Data) {
    return left.verdict == right.verdict && left.upstreams == right.upstreams &&
           left.grade <= right.grade;
  }
  return left.verdict == right.verdict && left.upstreams == right.upstreams &&
         left.raw_path == right.raw_path && left.path == right.path && left.grade == right.grade;
}

}  // namespace

TargetWatch::TargetWatch(const Target& target, Family family, const DetectorSettings& settings,
                         const DetectorTables& tables)
    : target_{target},
      family_{family},
      settings_{settings},
      tables_{tables},
      lifecycle_{target, settings},
      moves_{settings},
      reachability_{settings} {}

Findings TargetWatch::take_findings() {
  findings_.sweeps = lifecycle_.take_sweeps();
  return std::exchange(findings_, {});
}

void TargetWatch::open_interval(const VantageState& state) {
  if (state.now.verdict != Verdict::Inconclusive) {
    findings_.intervals.push_back(interval_of(state));
  }
}

void TargetWatch::close_interval(const VantageState& state, TimePoint until) {
  if (state.now.verdict != Verdict::Inconclusive) {
    RouteInterval interval = interval_of(state);
    interval.until = until;
    findings_.intervals.push_back(std::move(interval));
  }
}

void TargetWatch::drop_session(const PendingInput& input) {
  const TimePoint now = input.observation.time;
  std::erase_if(lapsed_, [&](const auto& entry) { return now - entry.second.last > kMemory; });
  for (auto state = states_.begin(); state != states_.end();) {
    if (state->first.vantage == input.observation.vantage && state->second.last <= now) {
      close_interval(state->second, now);
      note_leaving(state->second, now);
      state->second.last = now;
      lapsed_.insert_or_assign(state->first, std::move(state->second));
      state = states_.erase(state);
    } else {
      ++state;
    }
  }
}

/// Remembers the known upstream that a state is about to give up: the switch test asks for it.
void TargetWatch::note_leaving(VantageState& state, TimePoint when) const {
  if (state.now.verdict == Verdict::Upstream && !state.now.upstreams.empty() &&
      lifecycle_.knows(state.now.upstreams.front())) {
    state.last_known = state.now.upstreams.front();
    state.last_known_at = when;
  }
}

/// A route that comes back after its session broke: what was before the break is not forgotten.
void TargetWatch::recall(const StateKey& key, VantageState& state) {
  const auto lapsed = lapsed_.find(key);
  if (lapsed == lapsed_.end()) {
    return;
  }
  const VantageState& past = lapsed->second;
  if (state.since >= past.last && state.since - past.last <= kMemory) {
    state.path_before = past.now.path;
    state.had_before = true;
    state.last_known = past.last_known;
    state.last_known_at = past.last_known_at;
  }
  lapsed_.erase(lapsed);
}

/// Whether the input counts, being no copy of the last and not older than it.
bool TargetWatch::count(const PendingInput& input, const VantageState* known) {
  const Observation& seen = input.observation;
  const Plane plane = seen.vantage.plane;
  if (known != nullptr && seen.time < known->heard) {
    ++counters_.late[plane];
    return false;
  }
  if (known != nullptr && plane == Plane::Data && seen.time == known->heard &&
      seen.evidence_id == known->heard_id) {
    ++counters_.duplicates[plane];
    return false;
  }
  ++counters_.observations[{plane, seen.grade}];
  if (seen.verdict == Verdict::Inconclusive) {
    ++counters_.rejected[{plane, seen.reasons.empty() ? "" : seen.reasons.front()}];
  }
  for (const std::string& reason : seen.reasons) {
    if (reason == "third_party" || reason == "sibling" || reason == "route_server") {
      ++counters_.suppressed[reason];
    }
  }
  return true;
}

/// Adds what only the watch can know, so that scores can be computed again from what is stored.
void TargetWatch::annotate(Observation& seen, const VantageState* known) const {
  if (seen.verdict != Verdict::Upstream || seen.upstreams.size() != 1) {
    return;
  }
  const Asn upstream = seen.upstreams.front();
  if (seen.vantage.plane == Plane::Control) {
    if (tables_.rov_invalid && tables_.rov_invalid(seen.prefix, seen.path.back())) {
      seen.reasons.emplace_back("rov_invalid");
    }
    return;
  }
  if (lifecycle_.knows(upstream)) {
    return;
  }
  if (lifecycle_.knows(as_before(seen.path, upstream))) {
    seen.reasons.emplace_back("behind_known");
  }
  if (known != nullptr && known->now.upstreams == seen.upstreams &&
      is_other_mode(known->rtt_before, known->rtt)) {
    seen.reasons.emplace_back("rtt_shift");
  }
}

void TargetWatch::store(const Observation& seen) {
  findings_.observations.push_back(seen);
}

bool TargetWatch::apply(PendingInput& input) {
  using Kind = PendingInput::Kind;
  Observation& seen = input.observation;
  if (input.kind == Kind::SessionDown || input.kind == Kind::SessionUp) {
    drop_session(input);
    return true;
  }
  const StateKey key{seen.prefix, seen.vantage, input.path_id};
  const auto known = states_.find(key);
  if (known == states_.end() && input.kind == Kind::Withdraw) {
    return false;
  }
  VantageState* const state = known == states_.end() ? nullptr : &known->second;
  if (state == nullptr) {
    prefixes_.insert(seen.prefix);
  }
  if (!count(input, state)) {
    return false;
  }
  annotate(seen, state);
  if (seen.vantage.plane == Plane::Data && seen.trace && seen.verdict == Verdict::Upstream &&
      seen.upstreams.size() == 1) {
    rtt_[seen.upstreams.front()].add(*seen.trace);
  }
  const bool minds = seen.vantage.plane == Plane::Data && lifecycle_.minds(seen);
  if (minds) {
    lifecycle_.weigh_in(seen);
  }
  const bool changed = state == nullptr ? begin_state(key, input) : set_state(key, *state, input);
  // Each traceroute that moves the weight of its group is evidence, if it changes nothing else.
  if (minds && !changed) {
    store(seen);
  }
  return changed || minds;
}

namespace {

/// Whether the target itself did not answer: nor the destination, nor a hop within it.
bool is_silent(const Observation& seen) {
  return seen.verdict == Verdict::Unreachable || (seen.trace && !seen.trace->reached);
}

}  // namespace

bool TargetWatch::begin_state(const StateKey& key, const PendingInput& input) {
  const Observation& seen = input.observation;
  VantageState& state = states_[key];
  state.now = seen;
  state.since = std::min(input.since, seen.time);
  state.last = state.heard = seen.time;
  state.heard_id = seen.evidence_id;
  state.foreign_origin = input.foreign_origin;
  if (seen.vantage.plane == Plane::Data) {
    state.silent = is_silent(seen) ? 1 : 0;
    state.answered = !is_silent(seen) && seen.verdict == Verdict::Upstream;
    if (seen.verdict == Verdict::Unreachable) {
      state.now.verdict = Verdict::Inconclusive;  // it never answered: nothing has changed
    }
    if (seen.trace && seen.trace->rtt) {
      state.rtt.add(*seen.trace->rtt);
    }
  }
  recall(key, state);
  open_interval(state);
  store(seen);
  return true;
}

/// Whether a target that did not answer is gone for the group: it answered before, and was silent
/// three times in a row, or to three of the group's probes (detection.md c.4).
bool TargetWatch::is_gone(const StateKey& key, VantageState& state, const Observation& seen) const {
  if (!is_silent(seen)) {
    state.silent = 0;
    state.answered = state.answered || seen.verdict == Verdict::Upstream;
    return false;
  }
  constexpr std::uint8_t kMany = 100;
  state.silent = std::min<std::uint8_t>(kMany, static_cast<std::uint8_t>(state.silent + 1));
  if (!state.answered || state.silent >= kSilences) {
    return state.answered;
  }
  int probes = 0;
  for (auto other = states_.lower_bound(StateKey{key.prefix, {}, 0});
       other != states_.end() && other->first.prefix == key.prefix; ++other) {
    const bool counts = other->first.vantage.plane == Plane::Data &&
                        other->first.vantage.asn == key.vantage.asn && other->second.silent > 0 &&
                        seen.time - other->second.heard <= freshness(settings_);
    probes += counts ? 1 : 0;
  }
  return probes >= kSilences;
}

/// The network before the same upstream is another one now, or the one from before again.
void TargetWatch::note_reroute(VantageState& state, const Observation& seen) const {
  if (seen.vantage.plane != Plane::Control || seen.upstreams.size() != 1) {
    return;
  }
  const Asn upstream = seen.upstreams.front();
  const Asn before = as_before(state.now.path, upstream);
  const Asn after = as_before(seen.path, upstream);
  if (before == after || before == Asn{} || after == Asn{}) {
    return;
  }
  if (state.rerouted_at && after == state.transit_before) {
    state.rerouted_at.reset();
    return;
  }
  if (!state.rerouted_at) {
    state.transit_before = before;
  }
  state.rerouted_at = seen.time;
}

/// Whether what the vantage point says has changed, or it has said it again after it had become
/// too old to count.
bool TargetWatch::set_state(const StateKey& key, VantageState& state, const PendingInput& input) {
  const Observation& seen = input.observation;
  state.heard = seen.time;
  state.heard_id = seen.evidence_id;
  const bool is_data = seen.vantage.plane == Plane::Data;
  const bool gone_now = is_data && is_gone(key, state, seen);
  const Verdict verdict = gone_now ? Verdict::Unreachable : seen.verdict;
  // An inconclusive traceroute, or a silence that proves nothing yet, says nothing new; on the
  // control plane it replaces the route.
  if (is_data &&
      (verdict == Verdict::Inconclusive || (verdict == Verdict::Unreachable && !gone_now))) {
    return false;
  }
  const bool was_fresh = is_fresh(key, state, seen.time, settings_);
  state.last = seen.time;
  state.foreign_origin = input.foreign_origin;
  const bool gone = verdict == Verdict::Unreachable;
  const bool same = gone ? state.now.verdict == Verdict::Unreachable : same_route(state.now, seen);
  if (is_data && !gone && seen.trace && seen.trace->rtt && state.now.upstreams == seen.upstreams) {
    state.rtt.add(*seen.trace->rtt);
  }
  if (same) {
    return !was_fresh;
  }
  close_interval(state, seen.time);
  const bool same_upstream =
      state.now.verdict == verdict && (gone || state.now.upstreams == seen.upstreams);
  if (same_upstream) {
    note_reroute(state, seen);
  } else {
    note_leaving(state, seen.time);
    if (state.now.verdict != Verdict::Inconclusive || !state.had_before) {
      state.path_before = state.now.path;
    }
    state.had_before = true;
    state.since = seen.time;
    state.rerouted_at.reset();
    if (!gone) {
      if (!state.rtt.values().empty()) {
        state.rtt_before = state.rtt;
      }
      state.rtt.clear();
      if (is_data && seen.trace && seen.trace->rtt) {
        state.rtt.add(*seen.trace->rtt);
      }
    }
  }
  state.now = seen;
  if (gone) {
    state.now.verdict = Verdict::Unreachable;
    state.now.upstreams.clear();
  }
  open_interval(state);
  store(seen);
  return true;
}

Freeze TargetWatch::freeze(TimePoint now, Deadlines& due) const {
  if (const Freeze freeze = reachability_.freeze()) {
    return freeze;
  }
  for (const MaintenanceWindow& window : target_.maintenance) {
    if (now >= window.from && now < window.until) {
      due.at(window.until);
      return {"maintenance_window"};
    }
  }
  if (now < warm_until_) {
    due.at(warm_until_);
    return {"warm_up"};
  }
  return {};
}

Scene TargetWatch::scene_at(TimePoint now) const {
  return {target_,
          family_,
          settings_,
          tables_,
          states_,
          now,
          count_votes(states_, Plane::Control, now, settings_),
          count_votes(states_, Plane::Data, now, settings_)};
}

std::optional<TargetStatus> TargetWatch::status(TimePoint now) const {
  const bool is_watched =
      std::any_of(target_.prefixes.begin(), target_.prefixes.end(),
                  [this](const Prefix& prefix) { return prefix.family() == family_; });
  if (prefixes_.empty() && !is_watched) {
    return std::nullopt;
  }
  return status_of(scene_at(now), lifecycle_, reachability_.unreachable(), rtt_);
}

void TargetWatch::add_counters(DetectorCounters& counters) const {
  for (const auto& [what, count] : counters_.observations) {
    counters.observations[{target_.name, what.first, what.second}] += count;
  }
  for (const auto& [what, count] : counters_.rejected) {
    counters.rejected[what] += count;
  }
  for (const auto* const reasons : {&counters_.suppressed, &lifecycle_.suppressed()}) {
    for (const auto& [reason, count] : *reasons) {
      counters.suppressed[{target_.name, reason}] += count;
    }
  }
  for (const auto& [kind, count] : lifecycle_.sweeps().counts()) {
    counters.sweeps[{target_.name, kind}] += count;
  }
  for (const auto& [plane, count] : counters_.late) {
    counters.late[plane] += count;
  }
  for (const auto& [plane, count] : counters_.duplicates) {
    counters.duplicates[plane] += count;
  }
}

void TargetWatch::evaluate(TimePoint now) {
  const Scene scene = scene_at(now);
  Deadlines due{now};
  std::vector<Event> events;
  reachability_.judge(scene, events, due);
  const Freeze frozen = freeze(now, due);
  lifecycle_.judge(scene, frozen, events, due);
  if (!lifecycle_.learning()) {
    moves_.judge(scene, lifecycle_, frozen || reachability_.losing(), events, due);
    transit_.judge(scene, events, due);
    planes_.judge(scene, events, due);
  }
  judge_origins(scene, events, due);
  plan(due);
  std::sort(events.begin(), events.end(), precedes);
  std::move(events.begin(), events.end(), std::back_inserter(findings_.events));
  due_ = due.next();
}

/// States change their meaning as they age: the moments at which the youngest of them do.
void TargetWatch::plan(Deadlines& due) const {
  constexpr Duration kTick{1};
  for (const auto& [key, state] : states_) {
    if (key.vantage.plane == Plane::Data && state.now.verdict != Verdict::Inconclusive) {
      due.at(state.last + freshness(settings_) + kTick);
    }
    if (state.now.verdict != Verdict::Upstream) {
      continue;
    }
    const bool settled = !lifecycle_.learning() && state.now.upstreams.size() == 1 &&
                         lifecycle_.knows(state.now.upstreams.front());
    for (const Duration length : decisive_lengths(settings_)) {
      if (!settled) {
        due.at(state.since + length);
      }
    }
  }
}

/// A watched prefix that somebody else originates: who, and seen from how many.
void TargetWatch::judge_origins(const Scene& scene, std::vector<Event>& events, Deadlines& due) {
  std::map<std::pair<Prefix, Asn>, std::map<Asn, Duration>> foreign;
  for (const auto& [key, state] : states_) {
    if (state.foreign_origin) {
      Duration& standing = foreign[{key.prefix, *state.foreign_origin}][key.vantage.asn];
      standing = std::max(standing, scene.now - state.now.time);
      due.at(state.now.time + settings_.peer_standing);
    }
  }
  std::erase_if(told_origins_, [&](const auto& told) { return !foreign.contains(told); });
  for (const auto& [what, groups] : foreign) {
    const auto standing = std::count_if(groups.begin(), groups.end(), [&](const auto& group) {
      return group.second >= settings_.peer_standing;
    });
    if (static_cast<std::size_t>(standing) < kOriginGroups || told_origins_.contains(what)) {
      continue;
    }
    told_origins_.insert(what);
    Event event = target_event(scene, EventType::OriginChange, Severity::Warning, "origin");
    event.prefixes.push_back({what.first, 1, 0});
    event.summary =
        fmt::format("{} is originated by {}, which is not of {}: {} vantage ASes see it",
                    what.first.to_string(), what.second.to_string(), target_.name, standing);
    seal(event);
    events.push_back(std::move(event));
  }
}

}  // namespace isthmus::collector
