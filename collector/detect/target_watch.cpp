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
  interval.from = state.now.time;
  return interval;
}

bool same_route(const Observation& left, const Observation& right) {
  return left.verdict == right.verdict && left.upstreams == right.upstreams &&
         left.raw_path == right.raw_path && left.path == right.path && left.grade == right.grade;
}

}  // namespace

TargetWatch::TargetWatch(const Target& target, Family family, const DetectorSettings& settings)
    : target_{target},
      family_{family},
      settings_{settings},
      lifecycle_{target, settings},
      moves_{settings},
      reachability_{settings} {}

Findings TargetWatch::take_findings() {
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

void TargetWatch::apply(const PendingInput& input) {
  using Kind = PendingInput::Kind;
  const Observation& seen = input.observation;
  if (input.kind == Kind::SessionDown || input.kind == Kind::SessionUp) {
    drop_session(input);
    return;
  }
  const StateKey key{seen.prefix, seen.vantage, input.path_id};
  const auto known = states_.find(key);
  if (known == states_.end() && input.kind == Kind::Withdraw) {
    return;
  }
  prefixes_.insert(seen.prefix);
  if (known != states_.end() && seen.time < known->second.heard) {
    ++counters_.late[seen.vantage.plane];  // something newer is known
    return;
  }
  const bool is_data = seen.vantage.plane == Plane::Data;
  if (is_data && known != states_.end() && seen.time == known->second.heard &&
      seen.evidence_id == known->second.heard_id) {
    ++counters_.duplicates[seen.vantage.plane];
    return;
  }
  ++counters_.observations[{seen.vantage.plane, seen.grade}];
  if (seen.verdict == Verdict::Inconclusive) {
    ++counters_.rejected[{seen.vantage.plane, seen.reasons.empty() ? "" : seen.reasons.front()}];
  }
  if (is_data && seen.trace && seen.verdict == Verdict::Upstream && seen.upstreams.size() == 1) {
    rtt_[seen.upstreams.front()].add(*seen.trace);
  }
  lifecycle_.weigh_in(seen);
  if (known == states_.end()) {
    VantageState& state = states_[key];
    state.now = seen;
    state.since = std::min(input.since, seen.time);
    state.last = state.heard = seen.time;
    state.heard_id = seen.evidence_id;
    if (is_data && seen.verdict == Verdict::Unreachable) {
      // It never answered: that says nothing of a change.
      state.now.verdict = Verdict::Inconclusive;
      state.silent = 1;
    }
    state.foreign_origin = input.foreign_origin;
    recall(key, state);
    open_interval(state);
    findings_.observations.push_back(seen);
    return;
  }
  set_state(key, known->second, input);
}

/// Whether a traceroute to which the target did not answer says nothing yet: before it did so three
/// times in a row, or to three probes of the group, or where it never answered (detection.md c.4).
bool TargetWatch::is_silence(const StateKey& key, VantageState& state,
                             const Observation& seen) const {
  if (seen.verdict != Verdict::Unreachable) {
    state.silent = 0;
    return false;
  }
  constexpr std::uint8_t kMany = 100;
  state.silent = std::min<std::uint8_t>(kMany, static_cast<std::uint8_t>(state.silent + 1));
  if (state.now.verdict == Verdict::Inconclusive && !state.had_before) {
    return true;
  }
  if (state.silent >= kSilences) {
    return false;
  }
  int probes = 0;
  for (auto other = states_.lower_bound(StateKey{key.prefix, {}, 0});
       other != states_.end() && other->first.prefix == key.prefix; ++other) {
    const bool counts = other->first.vantage.plane == Plane::Data &&
                        other->first.vantage.asn == key.vantage.asn && other->second.silent > 0 &&
                        seen.time - other->second.heard <= freshness(settings_);
    probes += counts ? 1 : 0;
  }
  return probes < kSilences;
}

void TargetWatch::set_state(const StateKey& key, VantageState& state, const PendingInput& input) {
  const Observation& seen = input.observation;
  state.heard = seen.time;
  state.heard_id = seen.evidence_id;
  // An inconclusive traceroute says nothing new; on the control plane it replaces the route.
  if (seen.vantage.plane == Plane::Data &&
      (seen.verdict == Verdict::Inconclusive || is_silence(key, state, seen))) {
    return;
  }
  state.last = seen.time;
  state.foreign_origin = input.foreign_origin;
  if (same_route(state.now, seen)) {
    if (seen.vantage.plane == Plane::Data) {
      findings_.observations.push_back(seen);  // each one moves the weight of its group
    }
    return;
  }
  close_interval(state, seen.time);
  const bool same_upstream =
      state.now.verdict == seen.verdict && state.now.upstreams == seen.upstreams;
  if (!same_upstream) {
    note_leaving(state, seen.time);
    if (state.now.verdict != Verdict::Inconclusive || !state.had_before) {
      state.path_before = state.now.path;
    }
    state.had_before = true;
    state.since = seen.time;
  }
  state.now = seen;
  open_interval(state);
  findings_.observations.push_back(seen);
}

Scene TargetWatch::scene_at(TimePoint now) const {
  return {target_,
          family_,
          settings_,
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
  const bool frozen = reachability_.frozen();
  lifecycle_.judge(scene, frozen, events, due);
  if (!lifecycle_.learning()) {
    moves_.judge(scene, lifecycle_, frozen, events, due);
  }
  judge_origins(scene, events, due);
  plan(due);
  std::sort(events.begin(), events.end(), precedes);
  std::move(events.begin(), events.end(), std::back_inserter(findings_.events));
  due_ = due.next();
}

/// States change their meaning as they age: the moments at which the youngest of them do.
void TargetWatch::plan(Deadlines& due) const {
  for (const auto& [key, state] : states_) {
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
