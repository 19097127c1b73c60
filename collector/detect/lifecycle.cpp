#include "collector/detect/lifecycle.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "collector/detect/quantities.hpp"

namespace isthmus::collector {
namespace {

constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kIdle = std::chrono::seconds{1800};
constexpr Duration kMaxGap = std::chrono::seconds{600};
constexpr Duration kMinGone = std::chrono::seconds{300};
constexpr double kElsewhere = 0.8;
/// Peers that keep a route which everybody else has given up (Fontugne et al. 2019) hold an
/// upstream no longer than this.
constexpr std::size_t kZombies = 2;
constexpr Duration kZombieTime = std::chrono::seconds{5400};
constexpr double kLearnedShare = 0.01;
constexpr double kInsertedPart = 0.95;
constexpr std::size_t kFlapCycles = 3;

Duration gone_time(const DetectorSettings& settings) {
  return std::max<Duration>(kMinGone, 3 * settings.probe_interval);
}

std::string named_share(const Event& event) {
  return fmt::format("{:.0f} % of the space", event.share * 100);
}

std::string known_names(const std::vector<UpstreamShare>& shares, Asn except) {
  std::string text;
  for (const UpstreamShare& share : shares) {
    if (share.asn != except && share.share > 0) {
      text += (text.empty() ? "" : ", ") + share.asn.to_string();
    }
  }
  return text;
}

std::string seen_from(const Event& event, const Scene& scene) {
  return fmt::format("seen from {} of {} vantage ASes", event.witnesses.size(), scene.live());
}

}  // namespace

Lifecycle::Lifecycle(const Target& target, const DetectorSettings& settings)
    : target_{target},
      settings_{settings},
      learning_{target.known_upstreams.empty()} {
  for (const Asn asn : target.known_upstreams) {
    UpstreamRecord record;
    record.asn = asn;
    record.phase = Phase::Established;
    record.announced = true;
    records_.emplace(asn, std::move(record));
  }
}

bool Lifecycle::knows(Asn asn) const {
  const auto found = records_.find(asn);
  return found != records_.end() && is_known(found->second);
}

void Lifecycle::weigh_in(const Observation& observation) {
  if (observation.vantage.plane != Plane::Data || observation.verdict != Verdict::Upstream) {
    return;
  }
  for (const Asn asn : observation.upstreams) {
    records_[asn].asn = asn;
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
    if (naming.surely || naming.groups.size() >= 2) {
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
    if (is_known(record) || !enough) {
      continue;
    }
    record.phase = Phase::Established;
    record.announced = true;
    Event event =
        upstream_event(scene, record, EventType::UpstreamDiscovered, Severity::Info, "learning");
    event.summary = fmt::format("{} carries {}: learned, {}, {}", asn.to_string(), target_.name,
                                named_share(event), seen_from(event, scene));
    tell(record, std::move(event), events);
  }
  const TimePoint end = *started_ + settings_.learning;
  if (scene.live() >= 3 && (scene.now >= end || stood_a_day)) {
    learning_ = false;
  } else {
    due.at(end);
  }
}

void Lifecycle::judge(const Scene& scene, bool frozen, std::vector<Event>& events, Deadlines& due) {
  changed_.clear();
  if (!started_ && scene.live() > 0) {
    started_ = scene.now;
  }
  find_candidates(scene);
  if (learning_ && started_) {
    learn(scene, events, due);
  }
  for (auto& [asn, record] : records_) {
    if (is_known(record)) {
      judge_known(scene, record, frozen, events, due);
    } else if (record.phase == Phase::Withdrawn) {
      judge_withdrawn(scene, record, frozen, events, due);
    } else if (!learning_ && record.nominated) {
      judge_unknown(scene, record, frozen, events, due);
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

void Lifecycle::judge_unknown(const Scene& scene, UpstreamRecord& record, bool frozen,
                              std::vector<Event>& events, Deadlines& due) {
  const Support support = support_of(scene, record);
  std::vector<ScoreTerm> terms = score_terms(scene, record, support);
  const double score = total(terms);
  if (support.empty()) {
    if (!record.unsupported_since) {
      record.unsupported_since = scene.now;
    }
    const TimePoint idle = *record.unsupported_since + kIdle;
    const bool over = scene.now >= idle;
    if (over && score < 1.0) {
      Event event = upstream_event(scene, record, EventType::Dismissed, Severity::Info, "idle");
      event.summary =
          fmt::format("{} was a passing sight for {}: gone since {}", record.asn.to_string(),
                      target_.name, moment_text(*record.unsupported_since));
      if (record.announced) {
        tell(record, std::move(event), events);
      }
      record.phase = Phase::Dismissed;
      record.nominated = false;
      record.dismissed_at = scene.now;
      record.announced = false;
    } else {
      due.at(over ? scene.now + kMaxGap : idle);
    }
    return;
  }
  const Duration gap = std::max<Duration>(kMaxGap, 3 * settings_.probe_interval);
  const bool interrupted = record.unsupported_since && scene.now - *record.unsupported_since > gap;
  if (interrupted) {
    record.phase = Phase::Candidate;
    record.first = scene.now;
    record.probable_at.reset();
    record.previous = last_shares_;
  }
  record.unsupported_since.reset();
  const bool lately_dismissed = record.dismissed_at && scene.now - *record.dismissed_at < kDay;
  if (!record.announced && !lately_dismissed) {
    record.announced = true;
    Event event =
        upstream_event(scene, record, EventType::UpstreamCandidate, Severity::Info, "first_sight");
    event.terms = terms;
    event.score = score;
    event.summary = fmt::format("{} is named as an upstream of {}, which it was not before, {}",
                                record.asn.to_string(), target_.name, seen_from(event, scene));
    tell(record, std::move(event), events);
  }
  if (frozen) {
    return;
  }
  if (record.phase == Phase::Candidate && is_probable(scene, support, score)) {
    record.phase = Phase::Probable;
    record.probable_at = scene.now;
    Event event = upstream_event(scene, record, EventType::UpstreamProbable, Severity::Notice,
                                 "score_and_consensus");
    event.terms = terms;
    event.score = score;
    event.confidence = confidence(score, settings_.candidate_score, 0.9);
    event.summary = fmt::format("{} probably carries {} now, {}", record.asn.to_string(),
                                target_.name, seen_from(event, scene));
    tell(record, std::move(event), events);
  }
  due.at(record.first + settings_.persistence);
  if (const auto confirmation = confirm(scene, record, support, score)) {
    confirm_record(scene, record, support, *confirmation, std::move(terms), events);
  }
}

/// A front AS slides in between: nearly every path to it comes from one known upstream, which
/// itself stands next to the target no more (detection.md b.6).
bool Lifecycle::is_inserted(const Scene& scene, const UpstreamRecord& record,
                            const Support& support) const {
  std::map<Asn, std::size_t> before;
  for (const auto& [group, each] : support.groups) {
    ++before[each.before];
  }
  return std::any_of(before.begin(), before.end(), [&](const auto& entry) {
    const auto& [asn, count] = entry;
    return asn != record.asn && knows(asn) &&
           static_cast<double>(count) >=
               kInsertedPart * static_cast<double>(support.groups.size()) &&
           share_of(scene.ballot(), asn).share < 0.05;
  });
}

void Lifecycle::confirm_record(const Scene& scene, UpstreamRecord& record, const Support& support,
                               const Confirmation& confirmation, std::vector<ScoreTerm> terms,
                               std::vector<Event>& events) {
  const bool returned = record.phase == Phase::Withdrawn;
  const bool away_long = returned && scene.now - *record.withdrawn_at >= kDay;
  const bool discovered = !returned && support.switched(settings_.peer_standing) == 0 &&
                          confirmation.rule == "control_plane_only";
  const bool inserted = !returned && is_inserted(scene, record, support);
  if (!record.probable_at) {
    record.probable_at = scene.now;
  }
  record.phase = Phase::Confirmed;
  record.confirmed_at = scene.now;
  record.withdrawn_at.reset();
  record.gone_since.reset();
  record.told_gone_at.reset();
  record.former_groups.clear();
  record.carried.clear();
  const EventType type = returned     ? EventType::UpstreamReturned
                         : inserted   ? EventType::UpstreamInserted
                         : discovered ? EventType::UpstreamDiscovered
                                      : EventType::UpstreamNew;
  Event event = upstream_event(scene, record, type, Severity::Warning, confirmation.rule);
  event.terms = std::move(terms);
  event.score = total(event.terms);
  event.confidence = confidence(event.score, settings_.candidate_score, confirmation.cap);
  const std::size_t known_prefixes = scene.ballot().votes.size();
  const std::string where =
      fmt::format("{} of {} prefixes ({}), {}, {}", event.prefixes.size(), known_prefixes,
                  list_prefixes(event.prefixes), named_share(event), seen_from(event, scene));
  if (returned) {
    event.severity = away_long ? Severity::Warning : Severity::Info;
    event.summary =
        fmt::format("{} carries {} again: {}", record.asn.to_string(), target_.name, where);
  } else if (inserted || discovered) {
    event.severity = inserted ? Severity::Notice : Severity::Info;
    event.summary =
        fmt::format("{} {} {}: {}", record.asn.to_string(),
                    inserted ? "now stands between a known upstream and" : "was found to carry",
                    target_.name, where);
  } else {
    event.severity = event.share >= 0.5 ? Severity::Critical : Severity::Warning;
    const std::string others = known_names(record.previous, record.asn);
    event.summary =
        fmt::format("{} began to carry {} at {}: {}; until then {}", record.asn.to_string(),
                    target_.name, moment_text(record.first), where,
                    others.empty() ? "no upstream was known" : "the way was over " + others);
  }
  record.cycles.push_back(scene.now);
  std::erase_if(record.cycles, [&](TimePoint time) { return scene.now - time > kDay; });
  changed_.push_back(record.asn);
  if (record.cycles.size() > kFlapCycles) {
    if (record.flapping) {
      return;
    }
    record.flapping = true;
    event.type = EventType::UpstreamFlapping;
    event.severity = Severity::Warning;
    event.rule = "flap";
    event.summary = fmt::format("{} comes and goes as an upstream of {}: {} times within a day",
                                record.asn.to_string(), target_.name, record.cycles.size());
  } else {
    record.flapping = false;
  }
  tell(record, std::move(event), events);
}

void Lifecycle::judge_known(const Scene& scene, UpstreamRecord& record, bool frozen,
                            std::vector<Event>& events, Deadlines& due) {
  std::set<Asn> on_it;
  std::set<Asn> loyal;
  std::set<Asn> elsewhere;
  for (const Ballot* ballot : {&scene.control, &scene.data}) {
    for (const auto& [prefix, votes] : ballot->votes) {
      for (const auto& [group, vote] : votes) {
        if (const auto since = vote.since.find(record.asn); since != vote.since.end()) {
          on_it.insert(group);
          record.carried.insert(prefix);
          // One that comes by while routers look for a new way does not hold the others.
          if (scene.now - since->second >= settings_.persistence) {
            loyal.insert(group);
          } else {
            due.at(since->second + settings_.persistence);
          }
        } else if (!vote.upstreams.empty() && record.carried.contains(prefix)) {
          elsewhere.insert(group);
        }
      }
    }
  }
  if (!on_it.empty()) {
    if (record.first == TimePoint{}) {
      record.first = scene.now;
    }
    record.former_groups.insert(on_it.begin(), on_it.end());
  }
  if (record.phase == Phase::Confirmed && !frozen && !on_it.empty()) {
    const TimePoint established = *record.confirmed_at + settings_.establish;
    if (scene.now >= established) {
      record.phase = Phase::Established;
      Event event =
          upstream_event(scene, record, EventType::UpstreamEstablished, Severity::Info, "age");
      event.summary = fmt::format("{} is an established upstream of {} now: {}",
                                  record.asn.to_string(), target_.name, named_share(event));
      tell(record, std::move(event), events);
    } else {
      due.at(established);
    }
  }
  std::size_t moved = 0;
  std::size_t former = 0;
  for (const Asn group : record.former_groups) {
    const bool live = scene.control.groups.contains(group) || scene.data.groups.contains(group);
    former += live ? 1U : 0U;
    moved += elsewhere.contains(group) && !loyal.contains(group) ? 1U : 0U;
  }
  const bool few = loyal.size() <= kZombies && 10 * loyal.size() <= record.former_groups.size();
  const bool gone =
      few && moved > 0 && static_cast<double>(moved) >= kElsewhere * static_cast<double>(former);
  if (frozen || !gone) {
    record.gone_since.reset();
    return;
  }
  if (!record.gone_since) {
    record.gone_since = scene.now;
  }
  const TimePoint over = *record.gone_since + (loyal.empty() ? gone_time(settings_) : kZombieTime);
  if (scene.now < over) {
    due.at(over);
    return;
  }
  const bool lost = record.phase == Phase::Established;
  record.phase = Phase::Withdrawn;
  record.withdrawn_at = *record.gone_since;
  Event event =
      upstream_event(scene, record, lost ? EventType::UpstreamLost : EventType::UpstreamWithdrawn,
                     lost ? Severity::Critical : Severity::Warning, "gone_elsewhere");
  for (const Prefix& prefix : record.carried) {
    event.prefixes.push_back({prefix, 1, 0});
  }
  event.summary =
      fmt::format("{} carries {} no more since {}; {} of its {} vantage ASes go over {} now",
                  record.asn.to_string(), target_.name, moment_text(*record.gone_since), moved,
                  former, known_names(all_shares(scene.ballot()), record.asn));
  record.gone_since.reset();
  record.weights.clear();
  record.told_gone_at = scene.now;
  record.unsupported_since = scene.now;
  changed_.push_back(record.asn);
  if (!record.flapping) {
    tell(record, std::move(event), events);
  }
}

void Lifecycle::judge_withdrawn(const Scene& scene, UpstreamRecord& record, bool frozen,
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
  }
  due.at(record.first + settings_.return_persistence);
  if (frozen) {
    return;
  }
  if (const auto confirmation = confirm_return(scene, record, back)) {
    confirm_record(scene, record, support, *confirmation, score_terms(scene, record, support),
                   events);
  }
}

}  // namespace isthmus::collector
