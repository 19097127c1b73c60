#include "collector/detect/lifecycle.hpp"

#include <algorithm>

#include "collector/detect/departure.hpp"
#include "collector/detect/lifecycle_events.hpp"
#include "collector/detect/quantities.hpp"
#include "collector/detect/suspicion.hpp"

namespace isthmus::collector {
namespace {

constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kIdle = std::chrono::seconds{1800};
constexpr Duration kMaxGap = std::chrono::seconds{600};
constexpr double kLearnedShare = 0.01;
constexpr double kInsertedPart = 0.95;
constexpr std::size_t kFlapCycles = 3;
constexpr std::size_t kNovelNames = 8;
constexpr Duration kTableChange = std::chrono::seconds{600};
constexpr Duration kHoldDelay = std::chrono::seconds{1};
constexpr Duration kTookOver = std::chrono::seconds{600};

/// Whether an upstream was confirmed too often within the day before.
bool is_flapping(UpstreamRecord& record, TimePoint now) {
  std::erase_if(record.cycles, [&](TimePoint time) { return now - time > kDay; });
  return record.cycles.size() > kFlapCycles;
}

}  // namespace

Lifecycle::Lifecycle(const Target& target, const DetectorSettings& settings)
    : settings_{settings},
      learning_{target.known_upstreams.empty()} {
  for (const Asn asn : target.known_upstreams) {
    UpstreamRecord record;
    record.asn = asn;
    record.phase = Phase::Established;
    record.announced = true;
    record.confidence = 1;
    records_.emplace(asn, std::move(record));
  }
}

bool Lifecycle::knows(Asn asn) const {
  const auto found = records_.find(asn);
  return found != records_.end() && is_known(found->second);
}

bool Lifecycle::is_leaving(Asn asn) const {
  const auto found = records_.find(asn);
  return found != records_.end() && found->second.gone_since;
}

/// One group may bring up only so many names in a day that nobody else gives: a forger could fill
/// the memory, and the list of candidates.
bool Lifecycle::may_be_new(Asn asn, Asn group, TimePoint now) {
  if (learning_ || records_.contains(asn)) {
    return true;
  }
  std::vector<TimePoint>& times = novelties_[group];
  std::erase_if(times, [&](TimePoint time) { return now - time > kDay; });
  if (times.size() >= kNovelNames) {
    ++suppressed_["candidate_limit"];
    return false;
  }
  times.push_back(now);
  return true;
}

bool Lifecycle::minds(const Observation& observation) const {
  return std::any_of(records_.begin(), records_.end(),
                     [&](const auto& entry) {
                       return !is_known(entry.second) && is_weighed(entry.second, observation);
                     }) ||
         std::any_of(observation.upstreams.begin(), observation.upstreams.end(),
                     [&](Asn asn) { return !records_.contains(asn); });
}

void Lifecycle::weigh_in(const Observation& observation) {
  if (observation.vantage.plane != Plane::Data || observation.verdict != Verdict::Upstream) {
    return;
  }
  for (const Asn asn : observation.upstreams) {
    if (may_be_new(asn, observation.vantage.asn, observation.time)) {
      records_[asn].asn = asn;
    }
  }
  for (auto& [asn, record] : records_) {
    if (!is_known(record)) {
      weigh(record, observation, settings_);
    }
  }
}

/// From here on an upstream is a candidate.
void Lifecycle::nominate(const Scene& scene, Asn asn, TimePoint first) {
  UpstreamRecord& record = records_[asn];
  if (record.nominated || is_known(record) || record.phase == Phase::Withdrawn) {
    return;
  }
  record.asn = asn;
  record.nominated = true;
  record.phase = Phase::Candidate;
  record.first = std::max(first, scene.now - kDay);
  record.probable_at.reset();
  record.unsupported_since.reset();
  record.hushed.clear();
  record.swept = record.held = record.told_leak = false;
  record.previous = last_shares_;
  record.share_before.clear();
  for (const auto& [prefix, groups] : scene.ballot().votes) {
    const auto share = last_prefix_shares_.find({asn, prefix});
    record.share_before[prefix] = share == last_prefix_shares_.end() ? 0 : share->second;
  }
}

/// An upstream is a candidate when one group names it in grade A or B, or two in grade C.
void Lifecycle::find_candidates(const Scene& scene) {
  struct Naming {
    bool surely = false;
    std::set<Asn> groups;
    TimePoint first = TimePoint::max();
  };
  std::map<Asn, Naming> named;
  for (const auto& [key, state] : scene.states) {
    const bool counts = state.now.verdict == Verdict::Upstream && state.now.grade <= Grade::C &&
                        is_fresh(key, state, scene.now, settings_);
    for (const Asn asn : state.now.upstreams) {
      if (counts) {
        Naming& naming = named[asn];
        naming.surely = naming.surely || state.now.grade != Grade::C;
        naming.groups.insert(key.vantage.asn);
        naming.first = std::min(naming.first, state.since);
      }
    }
  }
  for (const auto& [asn, naming] : named) {
    const bool several = naming.groups.size() >= 2;
    if (several || (naming.surely && may_be_new(asn, *naming.groups.begin(), scene.now))) {
      nominate(scene, asn, naming.first);
    }
  }
}

void Lifecycle::tell(UpstreamRecord& record, Event event, std::vector<Event>& events) {
  seal(event);
  record.event_id = event.id;
  events.push_back(std::move(event));
}

/// While a target is new to us its upstreams are learned, and none of them is news.
void Lifecycle::learn(const Scene& scene, std::vector<Event>& events, Deadlines& due) {
  bool stood_a_day = false;
  for (auto& [asn, record] : records_) {
    const Support support = support_of(scene, record);
    const std::size_t standing = support.standing(settings_.persistence);
    std::size_t long_standing = 0;
    for (const auto& [group, each] : support.groups) {
      long_standing += each.standing >= settings_.learning ? 1U : 0U;
    }
    stood_a_day = stood_a_day || long_standing >= 3;
    const bool enough =
        standing + support.witnesses >= 1 && share_of(scene.ballot(), asn).share >= kLearnedShare;
    if (is_known(record) || record.phase == Phase::Withdrawn || !record.nominated || !enough) {
      continue;
    }
    record.phase = Phase::Established;
    record.announced = true;
    record.confidence = 1;
    hush(record, "learning");
    tell(record, learned_event(scene, record), events);
  }
  const TimePoint end = *started_ + settings_.learning;
  if (scene.live() >= 3 && (scene.now >= end || stood_a_day)) {
    learning_ = false;
  } else {
    due.at(end);
  }
}

void Lifecycle::judge(const Scene& scene, Freeze frozen, std::vector<Event>& events,
                      Deadlines& due) {
  changed_.clear();
  if (!started_ && scene.live() > 0) {
    started_ = scene.now;
  }
  find_candidates(scene);
  if (learning_ && started_) {
    learn(scene, events, due);
  }
  for (auto& [asn, record] : records_) {
    if (record.phase == Phase::Withdrawn) {
      judge_withdrawn(scene, record, frozen, events, due);
    } else if (!is_known(record) && !learning_ && record.nominated) {
      judge_unknown(scene, record, frozen, events, due);
    }
    // Also what became known just now: who is on it must be noted before they leave.
    if (is_known(record)) {
      judge_known(scene, record, frozen, events, due);
    }
  }
  last_shares_ = all_shares(scene.ballot());
  last_prefix_shares_.clear();
  for (const auto& [prefix, groups] : scene.ballot().votes) {
    for (const UpstreamShare& share : last_shares_) {
      last_prefix_shares_[{share.asn, prefix}] =
          prefix_share(scene.ballot(), prefix, share.asn).share;
    }
  }
}

void Lifecycle::judge_unknown(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                              std::vector<Event>& events, Deadlines& due) {
  Support support = support_of(scene, record);
  support.inserted = inserted_before(scene, record, support).has_value();
  std::vector<ScoreTerm> terms = score_terms(scene, record, support);
  const double score = total(terms);
  if (support.empty()) {
    dismiss(scene, record, score, events, due);
    return;
  }
  const Duration gap = std::max<Duration>(kMaxGap, 3 * settings_.probe_interval);
  const bool interrupted = record.unsupported_since && scene.now - *record.unsupported_since > gap;
  if (interrupted) {
    record.phase = Phase::Candidate;
    record.first = scene.now;
    record.probable_at.reset();
    record.previous = last_shares_;
    record.swept = record.held = record.told_leak = false;
  }
  record.unsupported_since.reset();
  const bool lately_dismissed = record.dismissed_at && scene.now - *record.dismissed_at < kDay;
  if (!record.announced && !lately_dismissed) {
    record.announced = true;
    tell(record, candidate_event(scene, record, terms), events);
  }
  ask_for_traces(scene, record);
  // What was born with a new table may be the table's doing: one witness more is asked for.
  const bool with_table =
      std::any_of(scene.tables.changes.begin(), scene.tables.changes.end(), [&](TimePoint change) {
        return record.first >= change && record.first - change <= kTableChange;
      });
  const std::size_t extra = with_table ? 1 : 0;
  const bool probable = is_probable(scene, support, score, extra);
  if (!probable && is_probable(scene, support, score, 0)) {
    hush(record, "ip2as_change");
  }
  due.at(record.first + settings_.persistence);
  if (suspect(scene, record, support, events)) {
    return;
  }
  if (frozen) {
    if (probable) {
      hush(record, frozen.reason);
    }
    return;
  }
  if (record.phase == Phase::Candidate && probable) {
    record.phase = Phase::Probable;
    record.probable_at = scene.now;
    tell(record, probable_event(scene, record, terms), events);
  }
  ask_for_traces(scene, record);
  if (const auto confirmation = confirm(scene, record, support, score, extra)) {
    confirm_record(scene, record, support, *confirmation, std::move(terms), events);
  }
}

void Lifecycle::hush(UpstreamRecord& record, std::string_view reason) {
  if (record.hushed.insert(std::string{reason}).second) {
    ++suppressed_[std::string{reason}];
  }
}

/// Sweeps: at first suspicion, and so that what is probable is measured again after the hold time.
void Lifecycle::ask_for_traces(const Scene& scene, UpstreamRecord& record) {
  SweepRequest request{
      .target = scene.target.name, .family = scene.family, .upstream = record.asn, .at = scene.now};
  if (!record.swept) {
    std::set<Asn> groups;
    for (const auto& [key, state] : scene.states) {
      if (std::find(state.now.upstreams.begin(), state.now.upstreams.end(), record.asn) !=
          state.now.upstreams.end()) {
        request.prefix = request.prefix.value_or(key.prefix);
        groups.insert(key.vantage.asn);
      }
    }
    record.swept = true;
    const bool one = groups.size() == 1;
    if (!sweeps_.suspect(request, one ? std::optional{*groups.begin()} : std::nullopt)) {
      hush(record, "sweep_limit");
    }
  }
  if (!record.held && record.phase == Phase::Probable) {
    record.held = true;
    request.kind = SweepKind::Hold;
    request.prefix.reset();
    request.at = std::max(scene.now, record.first + settings_.persistence + kHoldDelay);
    sweeps_.hold(request);
  }
}

/// What looks like an upstream and is not: told once, and never confirmed while it looks so.
bool Lifecycle::suspect(const Scene& scene, UpstreamRecord& record, const Support& support,
                        std::vector<Event>& events) {
  const std::optional<Suspicion> suspicion = suspicion_of(scene, record, support);
  if (!suspicion) {
    return false;
  }
  hush(record, suspicion->rule);
  if (!record.told_leak) {
    record.told_leak = true;
    tell(record, suspected_event(scene, record, *suspicion), events);
  }
  return true;
}

/// Nobody names it now: after half an hour it was a passing sight, once its weight has decayed too.
void Lifecycle::dismiss(const Scene& scene, UpstreamRecord& record, double score,
                        std::vector<Event>& events, Deadlines& due) {
  if (!record.unsupported_since) {
    record.unsupported_since = scene.now;
  }
  const TimePoint idle = *record.unsupported_since + kIdle;
  if (scene.now < idle || score >= 1.0) {
    due.at(scene.now < idle ? idle : scene.now + kMaxGap);
    return;
  }
  if (record.announced) {
    tell(record, dismissed_event(scene, record), events);
  }
  record.phase = Phase::Dismissed;
  record.nominated = false;
  record.dismissed_at = scene.now;
  record.announced = false;
}

/// A front AS slides in between: nearly every path to it comes from one known upstream, which
/// itself stands next to the target no more (detection.md b.6).
std::optional<Asn> Lifecycle::inserted_before(const Scene& scene, const UpstreamRecord& record,
                                              const Support& support) const {
  std::map<Asn, std::size_t> before;
  for (const auto& [group, each] : support.groups) {
    ++before[each.before];
  }
  for (const auto& [group, asn] : support.data_before) {
    ++before[asn];
  }
  const std::size_t all = support.groups.size() + support.data_before.size();
  for (const auto& [asn, count] : before) {
    if (asn != record.asn && knows(asn) &&
        static_cast<double>(count) >= kInsertedPart * static_cast<double>(all) &&
        share_of(scene.ballot(), asn).share < 0.05) {
      return asn;
    }
  }
  return std::nullopt;
}

EventType Lifecycle::type_of_confirmation(const Scene& scene, const UpstreamRecord& record,
                                          const Support& support,
                                          const Confirmation& confirmation) const {
  if (record.phase == Phase::Withdrawn) {
    return EventType::UpstreamReturned;
  }
  if (inserted_before(scene, record, support)) {
    return EventType::UpstreamInserted;
  }
  // The switch test (c.5): whoever never had another upstream says that it exists, not that it is
  // new. Beside traceroutes the word of a BGP peer is enough.
  const bool switched = support.switched(settings_.peer_standing) > 0 || support.data_switched > 0;
  const bool measured =
      confirmation.rule != "control_plane_only" && support.standing(settings_.peer_standing) > 0;
  return switched || measured ? EventType::UpstreamNew : EventType::UpstreamDiscovered;
}

void Lifecycle::confirm_record(const Scene& scene, UpstreamRecord& record, const Support& support,
                               const Confirmation& confirmation, std::vector<ScoreTerm> terms,
                               std::vector<Event>& events) {
  const EventType type = type_of_confirmation(scene, record, support, confirmation);
  record.front_of =
      type == EventType::UpstreamInserted ? inserted_before(scene, record, support) : std::nullopt;
  record.hushed.clear();
  const bool away_long = record.withdrawn_at && scene.now - *record.withdrawn_at >= kDay;
  if (!record.probable_at) {
    record.probable_at = scene.now;
  }
  record.phase = Phase::Confirmed;
  record.confirmed_at = scene.now;
  record.withdrawn_at.reset();
  record.gone_since.reset();
  record.former_groups.clear();
  record.carried.clear();
  Event event = confirmed_event(scene, record, type, confirmation, std::move(terms));
  if (type == EventType::UpstreamReturned && !away_long) {
    event.severity = Severity::Info;
  }
  record.confidence = event.confidence;
  record.cycles.push_back(scene.now);
  changed_.push_back(record.asn);
  const bool told_flapping = record.flapping;
  record.flapping = is_flapping(record, scene.now);
  if (record.flapping && told_flapping) {
    ++suppressed_["flap"];
    return;
  }
  if (record.flapping) {
    event = flapping_event(std::move(event), record);
  }
  tell(record, std::move(event), events);
  if (type == EventType::UpstreamReturned) {
    tell_failover(scene, record, events);
  }
}

/// One that was there before comes back when another goes: the backup has taken over (b.6).
void Lifecycle::tell_failover(const Scene& scene, const UpstreamRecord& record,
                              std::vector<Event>& events) {
  std::vector<UpstreamShare> gone;
  for (const auto& [asn, other] : records_) {
    const auto left = other.gone_since                  ? other.gone_since
                      : other.phase == Phase::Withdrawn ? other.withdrawn_at
                                                        : std::nullopt;
    if (asn == record.asn || !left) {
      continue;
    }
    const Duration apart = *left > record.first ? *left - record.first : record.first - *left;
    if (apart <= kTookOver) {
      gone.push_back({asn, share_of(scene.ballot(), asn).share});
    }
  }
  if (!gone.empty()) {
    Event event = failover_event(scene, record, std::move(gone));
    seal(event);
    events.push_back(std::move(event));
  }
}

void Lifecycle::establish(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                          std::vector<Event>& events, Deadlines& due) {
  if (record.phase != Phase::Confirmed || frozen) {
    return;
  }
  const TimePoint established = *record.confirmed_at + settings_.establish;
  if (scene.now < established) {
    due.at(established);
    return;
  }
  record.phase = Phase::Established;
  tell(record, established_event(scene, record), events);
}

void Lifecycle::judge_known(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                            std::vector<Event>& events, Deadlines& due) {
  const Following following = follow(scene, record, due);
  if (!following.on_it.empty()) {
    if (record.first == TimePoint{}) {
      record.first = scene.now;
    }
    establish(scene, record, frozen, events, due);
  }
  const std::optional<Departure> departure = departure_of(scene, record, following);
  if (frozen || !departure) {
    record.gone_since.reset();
    return;
  }
  if (!record.gone_since) {
    record.gone_since = scene.now;
  }
  if (!following.loyal.empty()) {
    hush(record, "zombie_peer");
  }
  const TimePoint over = *record.gone_since + departure_time(following, settings_);
  if (scene.now < over) {
    due.at(over);
    return;
  }
  const bool was_established = record.phase == Phase::Established;
  record.phase = Phase::Withdrawn;
  record.withdrawn_at = *record.gone_since;
  Event event = departed_event(scene, record, was_established, *departure);
  record.gone_since.reset();
  record.weights.clear();
  record.told_gone_at = scene.now;
  record.unsupported_since = scene.now;
  changed_.push_back(record.asn);
  record.flapping = record.flapping && is_flapping(record, scene.now);
  if (!record.flapping) {
    tell(record, std::move(event), events);
  }
}

void Lifecycle::judge_withdrawn(const Scene& scene, UpstreamRecord& record, Freeze frozen,
                                std::vector<Event>& events, Deadlines& due) {
  const Support support = support_of(scene, record);
  // Peers that never gave it up do not say that it is back.
  Support back = support;
  std::erase_if(back.groups, [&](const auto& group) {
    return scene.now - group.second.standing <= *record.told_gone_at;
  });
  if (back.empty()) {
    record.unsupported_since = scene.now;
    return;
  }
  if (record.unsupported_since) {
    record.first = scene.now;
    for (const auto& [group, each] : back.groups) {
      record.first = std::min(record.first, scene.now - each.standing);
    }
    record.previous = last_shares_;
    record.unsupported_since.reset();
    record.swept = record.held = record.told_leak = false;
    record.hushed.clear();
  }
  ask_for_traces(scene, record);
  due.at(record.first + settings_.return_persistence);
  const auto confirmation = confirm_return(scene, record, back);
  if (frozen) {
    if (confirmation) {
      hush(record, frozen.reason);
    }
    return;
  }
  if (confirmation) {
    confirm_record(scene, record, support, *confirmation, score_terms(scene, record, support),
                   events);
  }
}

}  // namespace isthmus::collector
