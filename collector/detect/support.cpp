#include "collector/detect/support.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::collector {
namespace {

constexpr Duration kDay = std::chrono::hours{24};
constexpr Duration kControlOnly = std::chrono::seconds{900};
constexpr Duration kSlowMany = std::chrono::seconds{1800};
constexpr Duration kSlowSingle = std::chrono::hours{6};
constexpr std::size_t kBroadGroups = 8;
constexpr double kBroadPart = 0.2;
constexpr std::size_t kControlOnlyGroups = 5;
constexpr double kWitnessNats = 2.0;

bool names(const Observation& observation, Asn asn) {
  return observation.verdict == Verdict::Upstream &&
         std::find(observation.upstreams.begin(), observation.upstreams.end(), asn) !=
             observation.upstreams.end();
}

bool has_reason(const Observation& observation, std::string_view reason) {
  return std::find(observation.reasons.begin(), observation.reasons.end(), reason) !=
         observation.reasons.end();
}

Asn as_before(const std::vector<Asn>& path, Asn asn) {
  const auto found = std::find(path.begin(), path.end(), asn);
  return found == path.begin() || found == path.end() ? Asn{} : *(found - 1);
}

/// A group speaks by its point that has named the upstream longest, the one that is stored as its
/// witness: so that the score can be computed again from what is stored.
void add_control(const Scene& scene, const StateKey& key, const VantageState& state, Asn asn,
                 Support& support) {
  const Duration standing = scene.now - state.since;
  const auto [found, fresh] = support.groups.try_emplace(key.vantage.asn);
  GroupSupport& group = found->second;
  if (fresh || standing > group.standing) {
    group.standing = standing;
    group.before = as_before(state.now.path, asn);
    group.valley = has_reason(state.now, "valley");
    group.weight = state.now.grade == Grade::C ? 0.5 : 1.0;
    group.self_report = has_reason(state.now, "self_report");
    group.switched =
        state.last_known && *state.last_known != asn && state.since - state.last_known_at <= kDay;
  }
  if (standing >= scene.settings.peer_standing) {
    support.collectors.insert(key.vantage.source);
  }
}

std::size_t quorum(const Scene& scene) {
  const auto part = static_cast<std::size_t>(std::ceil(0.08 * static_cast<double>(scene.live())));
  return std::max<std::size_t>(3, part);
}

void add_data(const Scene& scene, const UpstreamRecord& record, Support& support) {
  std::set<IpAddress> addresses;
  for (const auto& [group, weight] : record.weights) {
    const bool witness = weight_at(weight, scene.now, scene.settings) >= kWitnessNats;
    support.witnesses += witness ? 1U : 0U;
    if (witness) {
      addresses.insert(weight.addresses.begin(), weight.addresses.end());
    }
    const bool held = weight.named_at > record.first + scene.settings.persistence;
    support.held_witnesses += held ? 1U : 0U;
  }
  support.diverse = addresses.size() >= 2;
  std::set<Asn> here;
  std::set<Asn> elsewhere;
  for (const auto& [prefix, groups] : scene.data.votes) {
    for (const auto& [group, vote] : groups) {
      if (vote.upstreams.contains(record.asn)) {
        here.insert(group);
      } else if (!vote.upstreams.empty()) {
        elsewhere.insert(group);
      }
    }
  }
  support.data_groups = here.size();
  support.contradicted = here.empty() && elsewhere.size() >= quorum(scene);
}

std::size_t count(const std::map<Asn, GroupSupport>& groups, Duration at_least,
                  bool only_switched) {
  double sum = 0;
  for (const auto& [asn, group] : groups) {
    const bool counts = group.standing >= at_least && (!only_switched || group.switched) &&
                        (!group.self_report || groups.size() > 1);
    sum += counts ? group.weight : 0;
  }
  return static_cast<std::size_t>(sum);
}

}  // namespace

std::size_t Scene::live() const {
  std::size_t both = control.live();
  for (const auto& [group, reaches] : data.groups) {
    both += control.groups.contains(group) ? 0U : 1U;
  }
  return both;
}

std::size_t Support::standing(Duration at_least) const {
  return count(groups, at_least, false);
}

std::size_t Support::switched(Duration at_least) const {
  return count(groups, at_least, true);
}

bool Support::leak_shaped() const {
  std::size_t valleys = 0;
  for (const auto& [asn, group] : groups) {
    valleys += group.valley ? 1U : 0U;
  }
  return valleys > 0 && 2 * valleys >= groups.size();
}

Support support_of(const Scene& scene, const UpstreamRecord& record) {
  Support support;
  for (const auto& [key, state] : scene.states) {
    if (key.vantage.plane == Plane::Control && names(state.now, record.asn)) {
      add_control(scene, key, state, record.asn, support);
    }
  }
  add_data(scene, record, support);
  return support;
}

std::vector<ScoreTerm> score_terms(const Scene& scene, const UpstreamRecord& record,
                                   const Support& support) {
  std::vector<ScoreTerm> terms;
  for (const auto& [group, weight] : record.weights) {
    if (const double nats = weight_at(weight, scene.now, scene.settings); nats > 0) {
      terms.push_back({"group", group.to_string(), nats});
    }
  }
  const Duration standing = scene.settings.peer_standing;
  if (const std::size_t bgp = support.standing(standing); bgp > 0) {
    terms.push_back({"bgp", {}, std::min(6.0, 2.0 * static_cast<double>(bgp))});
  }
  if (const std::size_t switched = support.switched(standing); switched > 0) {
    terms.push_back({"switch", {}, std::min(6.0, 0.5 * static_cast<double>(switched))});
  }
  if (record.phase == Phase::Withdrawn) {
    terms.push_back({"prior.known_edge", {}, 1.0});
  }
  if (support.leak_shaped()) {
    terms.push_back({"prior.leak_shape", {}, -2.0});
  }
  return terms;
}

double total(const std::vector<ScoreTerm>& terms) {
  double sum = 0;
  for (const ScoreTerm& term : terms) {
    sum += term.nats;
  }
  return sum;
}

bool is_probable(const Scene& scene, const Support& support, double score) {
  const std::size_t bgp = support.standing(scene.settings.peer_standing);
  const std::size_t witnesses = support.witnesses;
  const bool consensus = (witnesses >= quorum(scene) && support.diverse) ||
                         (witnesses >= 2 && bgp >= 1) || (witnesses >= 1 && bgp >= 3);
  const std::size_t switched = support.switched(scene.settings.peer_standing);
  const bool broad =
      switched >= kBroadGroups && support.collectors.size() >= 2 &&
      static_cast<double>(switched) >= kBroadPart * static_cast<double>(scene.control.live());
  return score >= scene.settings.candidate_score && (consensus || (broad && !support.contradicted));
}

std::optional<Confirmation> confirm(const Scene& scene, const UpstreamRecord& record,
                                    const Support& support, double score) {
  const DetectorSettings& settings = scene.settings;
  const Duration age = scene.now - record.first;
  const std::size_t bgp = support.standing(settings.peer_standing);
  if (record.phase == Phase::Probable && age >= settings.persistence &&
      score >= settings.candidate_score &&
      (support.held_witnesses >= 2 || (support.held_witnesses >= 1 && bgp >= 2))) {
    return Confirmation{"fused", 1.0};
  }
  if (!support.contradicted && !support.leak_shaped() && support.collectors.size() >= 2) {
    const std::size_t switched = support.switched(settings.persistence);
    if (switched >= kBroadGroups &&
        static_cast<double>(switched) >= kBroadPart * static_cast<double>(scene.control.live())) {
      return Confirmation{"broad_switch", 0.90};
    }
    if (support.standing(kControlOnly) >= kControlOnlyGroups) {
      return Confirmation{"control_plane_only", 0.80};
    }
  }
  if (support.witnesses >= std::max<std::size_t>(2, quorum(scene) / 2) && age >= kSlowMany &&
      score >= 6 && support.diverse) {
    return Confirmation{"slow", 0.90};
  }
  if (support.witnesses >= 1 && age >= kSlowSingle && score >= 3 && support.diverse) {
    return Confirmation{"single_vantage", 0.70};
  }
  return std::nullopt;
}

std::optional<Confirmation> confirm_return(const Scene& scene, const UpstreamRecord& record,
                                           const Support& support) {
  const DetectorSettings& settings = scene.settings;
  const Duration hold = settings.peer_standing + settings.return_persistence;
  if (support.witnesses >= 2 && scene.now - record.first >= settings.return_persistence) {
    return Confirmation{"fused", 1.0};
  }
  if (!support.contradicted && !support.leak_shaped() && support.standing(hold) >= quorum(scene)) {
    return Confirmation{"control_plane_only", 0.90};
  }
  return std::nullopt;
}

std::vector<Duration> decisive_lengths(const DetectorSettings& settings) {
  return {settings.peer_standing, settings.peer_standing + settings.return_persistence,
          settings.persistence, kControlOnly};
}

}  // namespace isthmus::collector
