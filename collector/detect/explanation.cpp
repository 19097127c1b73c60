#include "collector/detect/explanation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "collector/detect/support.hpp"

namespace isthmus::collector {
namespace {

/// What one BGP witness adds.
struct ControlCount {
  double standing = 0;
  double switched = 0;
  std::size_t groups = 0;
  std::size_t valleys = 0;
};

bool has_reason(const Observation& observation, std::string_view reason) {
  return std::find(observation.reasons.begin(), observation.reasons.end(), reason) !=
         observation.reasons.end();
}

Duration threshold(const Event& event, std::string_view name, Duration otherwise) {
  for (const NamedValue& value : event.thresholds) {
    if (value.name == name) {
      return parse_duration(value.value).value_or(otherwise);
    }
  }
  return otherwise;
}

/// Traceroutes after this moment were weighed: after the last withdrawal of the upstream, if any.
std::optional<TimePoint> weighed_since(const Event& event) {
  for (const NamedValue& value : event.thresholds) {
    if (value.name == "weighed_since") {
      return parse_utc(value.value);
    }
  }
  return std::nullopt;
}

Result<ControlCount> count_control(const Event& event, const EvidenceLookup& evidence) {
  const Duration standing = threshold(event, "peer_standing", DetectorSettings{}.peer_standing);
  ControlCount count;
  for (const Witness& witness : event.witnesses) {
    count.groups += witness.vantage.plane == Plane::Control ? 1U : 0U;
  }
  for (const Witness& witness : event.witnesses) {
    if (witness.vantage.plane != Plane::Control) {
      continue;
    }
    const std::optional<Observation> seen = evidence(witness.evidence_id);
    if (!seen) {
      return fail(fmt::format("the observation {:016x} of {} is not stored", witness.evidence_id,
                              witness.vantage.to_string()));
    }
    count.valleys += has_reason(*seen, "valley") ? 1U : 0U;
    const bool alone = has_reason(*seen, "self_report") && count.groups == 1;
    if (event.time - witness.time < standing || alone) {
      continue;
    }
    const double weight = witness.grade == Grade::C ? 0.5 : 1.0;
    count.standing += weight;
    count.switched += witness.switched ? weight : 0;
  }
  return count;
}

void add_groups(const Event& event,
                const std::function<std::vector<Observation>(Asn)>& group_history,
                std::vector<ScoreTerm>& terms) {
  DetectorSettings settings;
  settings.half_life = threshold(event, "half_life", settings.half_life);
  std::set<Asn> groups;
  for (const ScoreTerm& term : event.terms) {
    if (term.name == "group") {
      if (const auto asn = Asn::parse(term.subject)) {
        groups.insert(*asn);
      }
    }
  }
  for (const Asn group : groups) {
    UpstreamRecord record;
    record.asn = *event.upstream;
    record.told_gone_at = weighed_since(event);
    for (const Observation& seen : group_history(group)) {
      if (seen.time <= event.time && seen.verdict == Verdict::Upstream) {
        weigh(record, seen, settings);
      }
    }
    if (const auto found = record.weights.find(group); found != record.weights.end()) {
      terms.push_back({"group", group.to_string(), weight_at(found->second, event.time, settings)});
    }
  }
}

}  // namespace

Result<Recomputation> recompute(const Event& event, const EvidenceLookup& evidence,
                                const std::function<std::vector<Observation>(Asn)>& group_history) {
  Recomputation result;
  if (event.terms.empty() || !event.upstream) {
    result.matches = event.terms.empty() && event.score == 0;
    return result;
  }
  const Result<ControlCount> control = count_control(event, evidence);
  if (!control) {
    return unexpected{control.error()};
  }
  add_groups(event, group_history, result.terms);
  if (const double bgp = std::floor(control->standing); bgp > 0) {
    result.terms.push_back({"bgp", {}, std::min(6.0, 2.0 * bgp)});
  }
  if (const double switched = std::floor(control->switched); switched > 0) {
    result.terms.push_back({"switch", {}, std::min(6.0, 0.5 * switched)});
  }
  // Whoever comes and goes has come back too.
  if (event.type == EventType::UpstreamReturned || event.type == EventType::UpstreamFlapping) {
    result.terms.push_back({"prior.known_edge", {}, 1.0});
  }
  if (control->valleys > 0 && 2 * control->valleys >= control->groups) {
    result.terms.push_back({"prior.leak_shape", {}, -2.0});
  }
  result.score = total(result.terms);
  result.matches = result.terms == event.terms && result.score == event.score;
  return result;
}

std::string rule_text(const std::string& rule) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kTexts{{
      {"fused",
       "Several vantage groups measured it, or measured and announced it, again after the "
       "persistence time had passed."},
      {"broad_switch",
       "At least 8 vantage ASes, a fifth of all, at 2 route collectors went over "
       "from a known upstream, and each has stood for the persistence time."},
      {"control_plane_only",
       "At least 5 vantage ASes at 2 route collectors (3 for one that comes "
       "back) have announced it long enough."},
      {"slow", "Half a quorum of vantage groups has measured it for half an hour."},
      {"single_vantage", "One vantage group has measured it for six hours."},
      {"score_and_consensus",
       "The score passed its threshold and enough groups agree; persistence "
       "is not proven yet."},
      {"first_sight", "A vantage group named an AS that was not known as an upstream."},
      {"learning", "While a target is new its upstreams are learned, and none of them is news."},
      {"gone_elsewhere",
       "No group is on it any more, and at least 80 % of those that were reach "
       "the target over others, for five minutes or three probe intervals."},
      {"idle", "Nobody has named it for half an hour."},
      {"age", "It has stood for the time after which an upstream is established."},
      {"flap", "It was confirmed more than three times within a day."},
      {"majority_of_groups",
       "More than half of the vantage groups of the prefix went over to "
       "another known upstream and stayed for the persistence time."},
      {"share_difference",
       "The share of a known upstream has been more than a fifth of the space above what was told "
       "last, for a quarter of an hour."},
      {"live_groups",
       "Fewer than 3 vantage groups see the target, or less than half of those that did two probe "
       "intervals ago (or, for the end of it, there are enough again)."},
      {"part_of_groups",
       "At least 80 % of the vantage groups have no route (or at most half, for "
       "the end of it)."},
      {"origin",
       "At least 3 vantage groups see the prefix with an origin that is not the "
       "target's."},
      {"target_in_transit",
       "The target stands in the middle of a path, carrying a prefix that is "
       "not its own."},
  }};
  for (const auto& [name, text] : kTexts) {
    if (name == rule) {
      return std::string{text};
    }
  }
  return {};
}

}  // namespace isthmus::collector
