#include "collector/detect/event_builder.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "collector/detect/quantities.hpp"
#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kMaxWitnesses = 200;

bool names(const Observation& observation, Asn asn) {
  return observation.verdict == Verdict::Upstream &&
         std::find(observation.upstreams.begin(), observation.upstreams.end(), asn) !=
             observation.upstreams.end();
}

std::string path_text(const std::vector<Asn>& path) {
  std::string text;
  for (const Asn asn : path) {
    text += text.empty() ? "" : " ";
    text += std::to_string(asn.value);
  }
  return text;
}

Witness make_witness(const StateKey& key, const VantageState& state, Asn upstream) {
  Witness witness;
  witness.vantage = key.vantage;
  witness.prefix = key.prefix;
  witness.time = state.since;
  witness.grade = state.now.grade;
  witness.evidence_id = state.now.evidence_id;
  witness.path_before = path_text(state.path_before);
  witness.path_after = path_text(state.now.path);
  witness.switched = state.last_known && *state.last_known != upstream &&
                     state.since - state.last_known_at <= std::chrono::hours{24};
  return witness;
}

/// One witness a group: the one that has stood longest, by the key among equals.
void add_witnesses(const Scene& scene, Asn upstream, Event& event) {
  std::map<std::pair<Plane, Asn>, std::pair<const StateKey*, const VantageState*>> for_it;
  std::map<std::pair<Plane, Asn>, std::pair<const StateKey*, const VantageState*>> against;
  for (const auto& [key, state] : scene.states) {
    if (state.now.verdict != Verdict::Upstream) {
      continue;
    }
    auto& list = names(state.now, upstream) ? for_it : against;
    const std::pair group{key.vantage.plane, key.vantage.asn};
    const auto [found, fresh] = list.try_emplace(group, &key, &state);
    if (!fresh && state.since < found->second.second->since) {
      found->second = {&key, &state};
    }
  }
  for (const auto& [group, state] : for_it) {
    if (event.witnesses.size() < kMaxWitnesses) {
      event.witnesses.push_back(make_witness(*state.first, *state.second, upstream));
    }
    if (std::find(event.planes.begin(), event.planes.end(), group.first) == event.planes.end()) {
      event.planes.push_back(group.first);
    }
  }
  for (const auto& [group, state] : against) {
    if (!for_it.contains(group) && event.counter_evidence.size() < kMaxWitnesses) {
      event.counter_evidence.push_back(make_witness(*state.first, *state.second, upstream));
    }
  }
}

void add_digest(std::uint64_t& digest, std::uint64_t value) {
  digest = combine(digest, value);
}

std::string duration_value(Duration duration) {
  return format_duration(duration);
}

}  // namespace

double hegemony_of(const Scene& scene, Plane plane, Asn upstream) {
  std::map<Asn, double> crossing;
  std::map<Asn, double> whole;
  for (const auto& [key, state] : scene.states) {
    if (key.vantage.plane != plane || state.now.verdict != Verdict::Upstream ||
        !is_fresh(key, state, scene.now, scene.settings)) {
      continue;
    }
    const double weight = prefix_weight(key.prefix);
    const auto& path = state.now.path;
    whole[key.vantage.asn] += weight;
    const bool crosses = std::find(path.begin(), path.end(), upstream) != path.end();
    crossing[key.vantage.asn] += crosses ? weight : 0;
  }
  std::vector<double> values;
  for (const auto& [group, weight] : whole) {
    values.push_back(crossing[group] / weight);
  }
  return hegemony(std::move(values));
}

std::vector<NamedValue> thresholds(const DetectorSettings& settings) {
  return {{"lateness", duration_value(settings.lateness)},
          {"persistence", duration_value(settings.persistence)},
          {"return_persistence", duration_value(settings.return_persistence)},
          {"half_life", duration_value(settings.half_life)},
          {"peer_standing", duration_value(settings.peer_standing)},
          {"probe_interval", duration_value(settings.probe_interval)},
          {"learning", duration_value(settings.learning)},
          {"establish", duration_value(settings.establish)},
          {"candidate_score", fmt::format("{}", settings.candidate_score)}};
}

std::vector<UpstreamShare> all_shares(const Ballot& ballot) {
  std::set<Asn> upstreams;
  for (const auto& [prefix, groups] : ballot.votes) {
    for (const auto& [group, vote] : groups) {
      for (const auto& [asn, part] : vote.upstreams) {
        upstreams.insert(asn);
      }
    }
  }
  std::vector<UpstreamShare> shares;
  for (const Asn asn : upstreams) {
    shares.push_back({asn, share_of(ballot, asn).share});
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const auto& left, const auto& right) { return left.share > right.share; });
  return shares;
}

std::vector<Prefix> carried_prefixes(const Scene& scene, Asn upstream) {
  std::map<Prefix, std::size_t> groups;
  std::size_t most = 0;
  for (const Ballot* ballot : {&scene.control, &scene.data}) {
    for (const auto& [prefix, votes] : ballot->votes) {
      for (const auto& [group, vote] : votes) {
        if (vote.upstreams.contains(upstream)) {
          most = std::max(most, ++groups[prefix]);
        }
      }
    }
  }
  std::vector<Prefix> carried;
  for (const auto& [prefix, count] : groups) {
    if (4 * count >= most) {
      carried.push_back(prefix);
    }
  }
  return carried;
}

Event target_event(const Scene& scene, EventType type, Severity severity, std::string_view rule) {
  Event event;
  event.type = type;
  event.severity = severity;
  event.time = scene.now;
  event.target = scene.target.name;
  event.family = scene.family;
  event.rule = rule;
  event.thresholds = thresholds(scene.settings);
  event.dataset_versions = scene.tables.versions;
  return event;
}

Event upstream_event(const Scene& scene, const UpstreamRecord& record, EventType type,
                     Severity severity, std::string_view rule) {
  Event event = target_event(scene, type, severity, rule);
  event.upstream = record.asn;
  event.previous_upstreams = record.previous;
  event.first_seen = record.first;
  event.probable_at = record.probable_at;
  event.confirmed_at = record.confirmed_at;
  event.ended_at = record.withdrawn_at;
  for (const Prefix& prefix : carried_prefixes(scene, record.asn)) {
    const auto before = record.share_before.find(prefix);
    event.prefixes.push_back({prefix, before == record.share_before.end() ? 0 : before->second,
                              prefix_share(scene.ballot(), prefix, record.asn).share});
  }
  const Share share = share_of(scene.ballot(), record.asn);
  const Interval interval = share_interval(share.share * share.groups, share.groups);
  event.share = share.share;
  event.share_lower = interval.lower;
  event.share_upper = interval.upper;
  event.hegemony = hegemony_of(scene, scene.plane(), record.asn);
  add_witnesses(scene, record.asn, event);
  if (is_known_network(scene, record.asn)) {
    event.thresholds.push_back({"known_network", "1"});
  }
  if (record.told_gone_at) {
    event.thresholds.push_back({"weighed_since", format_utc(*record.told_gone_at)});
  }
  if (!record.event_id.empty()) {
    event.amends = record.event_id;
  }
  return event;
}

std::string moment_text(TimePoint time) {
  return format_utc(std::chrono::floor<std::chrono::seconds>(time));
}

std::string list_prefixes(const std::vector<PrefixChange>& prefixes) {
  constexpr std::size_t kMost = 8;
  std::string text;
  for (std::size_t i = 0; i < prefixes.size() && i < kMost; ++i) {
    text += (i == 0 ? "" : ", ") + prefixes[i].prefix.to_string();
  }
  if (prefixes.size() > kMost) {
    text += fmt::format(" and {} more", prefixes.size() - kMost);
  }
  return text;
}

void seal(Event& event) {
  std::uint64_t digest = hash_text(to_string(event.type));
  add_digest(digest, hash_text(event.target));
  add_digest(digest, static_cast<std::uint64_t>(event.family));
  add_digest(digest, event.upstream ? event.upstream->value : 0);
  add_digest(digest, hash_text(event.rule));
  for (const PrefixChange& change : event.prefixes) {
    add_digest(digest, hash_value(change.prefix));
  }
  for (const Witness& witness : event.witnesses) {
    add_digest(digest, witness.evidence_id);
  }
  const std::uint64_t more = mix(digest ^ hash_text(event.summary));
  // ULID: 48 bits of milliseconds, 80 bits that are random elsewhere, in Crockford's base 32.
  constexpr std::string_view kDigits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const auto milliseconds = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(event.time).time_since_epoch().count());
  event.id.assign(26, '0');
  std::uint64_t rest = milliseconds & 0xffffffffffff;
  for (std::size_t i = 10; i-- > 0; rest >>= 5) {
    event.id[i] = kDigits[rest & 31];
  }
  for (std::size_t i = 10; i < 18; ++i) {
    event.id[i] = kDigits[digest >> (5 * (i - 10)) & 31];
    event.id[i + 8] = kDigits[more >> (5 * (i - 10)) & 31];
  }
}

}  // namespace isthmus::collector
