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
constexpr std::size_t kNetworkCustomers = 10;

bool names(const Observation& observation, Asn asn) {
  return observation.verdict == Verdict::Upstream &&
         std::find(observation.upstreams.begin(), observation.upstreams.end(), asn) !=
             observation.upstreams.end();
}

bool has_reason(const Observation& observation, std::string_view reason) {
  return std::find(observation.reasons.begin(), observation.reasons.end(), reason) !=
         observation.reasons.end();
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
    group.rov_invalid = has_reason(state.now, "rov_invalid");
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

/// Whether half or more of the groups that weigh said something with their last word.
template <typename Said>
bool most_say(const UpstreamRecord& record, TimePoint now, const DetectorSettings& settings,
              const Said& said) {
  std::size_t all = 0;
  std::size_t so = 0;
  for (const auto& [group, weight] : record.weights) {
    if (weight_at(weight, now, settings) > 0) {
      all += 1;
      so += said(weight) ? 1U : 0U;
    }
  }
  return so > 0 && 2 * so >= all;
}

void add_votes(const Scene& scene, const UpstreamRecord& record, Support& support) {
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
  std::erase_if(elsewhere, [&](Asn group) { return here.contains(group); });
  support.data_groups = here.size();
  support.data_elsewhere = elsewhere.size();
  support.contradicted = here.empty() && elsewhere.size() >= quorum(scene);
  if (here.empty()) {
    return;
  }
  std::set<Asn> switched;
  for (const auto& [key, state] : scene.states) {
    const Asn group = key.vantage.asn;
    if (key.vantage.plane == Plane::Data && here.contains(group) && names(state.now, record.asn)) {
      support.data_before[group] = as_before(state.now.path, record.asn);
      if (state.last_known && *state.last_known != record.asn &&
          state.since - state.last_known_at <= kDay) {
        switched.insert(group);
      }
    }
  }
  support.data_switched = switched.size();
}

void add_data(const Scene& scene, const UpstreamRecord& record, Support& support) {
  add_votes(scene, record, support);
  std::set<IpAddress> addresses;
  for (const auto& [group, weight] : record.weights) {
    const bool witness = weight_at(weight, scene.now, scene.settings) >= kWitnessNats;
    support.witnesses += witness ? 1U : 0U;
    if (witness) {
      addresses.insert(weight.addresses.begin(), weight.addresses.end());
    }
    const bool held = weight.named_at > record.first + scene.settings.persistence &&
                      support.data_before.contains(group);
    support.held_witnesses += held ? 1U : 0U;
  }
  support.diverse = addresses.size() >= 2;
  support.behind_known = most_say(record, scene.now, scene.settings,
                                  [](const GroupWeight& weight) { return weight.behind_known; });
  support.other_host = most_say(record, scene.now, scene.settings,
                                [](const GroupWeight& weight) { return weight.other_host; });
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

/// Packets pass a known upstream first, no route names the other, and the known one is still in
/// use: the target's own router answers with an address of somebody else (b.2, the run-length
/// rule).
bool is_third_party(const Support& support) {
  return support.behind_known && support.groups.empty() && !support.inserted;
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

bool Support::rov_invalid() const {
  std::size_t invalid = 0;
  for (const auto& [asn, group] : groups) {
    invalid += group.rov_invalid ? 1U : 0U;
  }
  return invalid > 0 && 2 * invalid >= groups.size();
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

bool is_known_network(const Scene& scene, Asn asn) {
  const DetectorTables& tables = scene.tables;
  if (tables.customers && tables.customers(asn) >= kNetworkCustomers) {
    return true;
  }
  return tables.aspa &&
         std::any_of(scene.target.origins.begin(), scene.target.origins.end(), [&](Asn origin) {
           const std::vector<Asn>* const providers = tables.aspa(origin);
           return providers != nullptr &&
                  std::find(providers->begin(), providers->end(), asn) != providers->end();
         });
}

std::vector<ScoreTerm> score_terms(const ScoreInputs& inputs, const DetectorSettings& settings) {
  std::vector<ScoreTerm> terms;
  std::size_t witnesses = 0;
  for (const auto& [group, weight] : inputs.record.weights) {
    if (const double nats = weight_at(weight, inputs.now, settings); nats > 0) {
      terms.push_back({"group", group.to_string(), nats});
      witnesses += nats >= kWitnessNats ? 1U : 0U;
    }
  }
  if (inputs.standing > 0) {
    terms.push_back({"bgp", {}, std::min(6.0, 2.0 * static_cast<double>(inputs.standing))});
  }
  if (inputs.switched > 0) {
    terms.push_back({"switch", {}, std::min(6.0, 0.5 * static_cast<double>(inputs.switched))});
  }
  if (inputs.switched > 0 && witnesses > 0) {
    terms.push_back({"planes", {}, 1.0});
  }
  if (inputs.known_edge) {
    terms.push_back({"prior.known_edge", {}, 1.0});
  } else if (inputs.known_network) {
    terms.push_back({"prior.known_network", {}, 1.0});
  }
  if (inputs.leak_shaped) {
    terms.push_back({"prior.leak_shape", {}, -2.0});
  }
  if (inputs.rov_invalid) {
    terms.push_back({"prior.rov_invalid", {}, -2.0});
  }
  const auto most = [&](const auto& said) {
    return most_say(inputs.record, inputs.now, settings, said);
  };
  if (most([](const GroupWeight& weight) { return weight.behind_known; })) {
    terms.push_back({"prior.behind_known", {}, -3.0});
  }
  if (most([](const GroupWeight& weight) { return weight.other_host; })) {
    terms.push_back({"prior.other_host", {}, -3.0});
  }
  if (most([](const GroupWeight& weight) { return weight.rtt_shift; })) {
    terms.push_back({"prior.rtt_shift", {}, 1.0});
  }
  return terms;
}

std::vector<ScoreTerm> score_terms(const Scene& scene, const UpstreamRecord& record,
                                   const Support& support) {
  ScoreInputs inputs{.record = record, .now = scene.now};
  inputs.standing = support.standing(scene.settings.peer_standing);
  inputs.switched = support.switched(scene.settings.peer_standing);
  inputs.known_edge = record.phase == Phase::Withdrawn;
  inputs.known_network = is_known_network(scene, record.asn);
  inputs.leak_shaped = support.leak_shaped();
  inputs.rov_invalid = support.rov_invalid();
  return score_terms(inputs, scene.settings);
}

double total(const std::vector<ScoreTerm>& terms) {
  double sum = 0;
  for (const ScoreTerm& term : terms) {
    sum += term.nats;
  }
  return sum;
}

bool is_probable(const Scene& scene, const Support& support, double score, std::size_t extra) {
  const Duration peer_standing = scene.settings.peer_standing;
  const std::size_t bgp = support.standing(peer_standing);
  const std::size_t switched = support.switched(peer_standing);
  const std::size_t witnesses = support.witnesses;
  const bool both_planes = witnesses >= 1 + extra && bgp >= 2 && switched >= 1;
  const bool consensus = (witnesses >= quorum(scene) + extra && support.diverse) ||
                         (witnesses >= 2 + extra && bgp >= 1) || both_planes;
  const bool broad =
      switched >= kBroadGroups && support.collectors.size() >= 2 &&
      static_cast<double>(switched) >= kBroadPart * static_cast<double>(scene.control.live());
  return score >= scene.settings.candidate_score && (consensus || (broad && !support.contradicted));
}

std::optional<Confirmation> confirm(const Scene& scene, const UpstreamRecord& record,
                                    const Support& support, double score, std::size_t extra) {
  const DetectorSettings& settings = scene.settings;
  const Duration age = scene.now - record.first;
  const std::size_t bgp = support.standing(settings.peer_standing);
  if (support.leak_shaped() || support.other_host || is_third_party(support)) {
    return std::nullopt;
  }
  if (record.phase == Phase::Probable && age >= settings.persistence &&
      score >= settings.candidate_score &&
      (support.held_witnesses >= 2 + extra || (support.held_witnesses >= 1 + extra && bgp >= 2))) {
    return Confirmation{"fused", 1.0};
  }
  if (!support.contradicted && support.collectors.size() >= 2) {
    const std::size_t switched = support.switched(settings.persistence);
    if (switched >= kBroadGroups &&
        static_cast<double>(switched) >= kBroadPart * static_cast<double>(scene.control.live())) {
      return Confirmation{"broad_switch", 0.90};
    }
    if (support.standing(kControlOnly) >= kControlOnlyGroups) {
      return Confirmation{"control_plane_only", 0.80};
    }
  }
  if (support.witnesses >= std::max<std::size_t>(2, quorum(scene) / 2) + extra &&
      age >= kSlowMany && score >= 6 && support.diverse) {
    return Confirmation{"slow", 0.90};
  }
  // Where others measure too and see nothing of it, one network's word is not enough at any age.
  const bool alone = support.data_elsewhere >= quorum(scene) && bgp == 0;
  if (support.witnesses >= 1 && age >= kSlowSingle && score >= 3 && support.diverse && !alone) {
    return Confirmation{"single_vantage", 0.70};
  }
  return std::nullopt;
}

std::optional<Confirmation> confirm_return(const Scene& scene, const UpstreamRecord& record,
                                           const Support& support) {
  const DetectorSettings& settings = scene.settings;
  const Duration hold = settings.peer_standing + settings.return_persistence;
  if (support.leak_shaped() || support.other_host || is_third_party(support)) {
    return std::nullopt;
  }
  if (support.witnesses >= 2 && scene.now - record.first >= settings.return_persistence) {
    return Confirmation{"fused", 1.0};
  }
  if (!support.contradicted && support.standing(hold) >= quorum(scene)) {
    return Confirmation{"control_plane_only", 0.90};
  }
  return std::nullopt;
}

std::vector<Duration> decisive_lengths(const DetectorSettings& settings) {
  return {settings.peer_standing, settings.peer_standing + settings.return_persistence,
          settings.persistence, kControlOnly};
}

}  // namespace isthmus::collector
