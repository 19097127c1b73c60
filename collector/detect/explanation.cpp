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
  std::size_t invalid = 0;
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
    count.invalid += has_reason(*seen, "rov_invalid") ? 1U : 0U;
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

/// What the groups' traceroutes weigh, from all that is stored of those which the event counts.
UpstreamRecord weigh_again(const Event& event, const DetectorSettings& settings,
                           const std::function<std::vector<Observation>(Asn)>& group_history) {
  UpstreamRecord record;
  record.asn = *event.upstream;
  record.told_gone_at = weighed_since(event);
  for (const ScoreTerm& term : event.terms) {
    const auto group = term.name == "group" ? Asn::parse(term.subject) : std::nullopt;
    if (!group) {
      continue;
    }
    for (const Observation& seen : group_history(*group)) {
      if (seen.time <= event.time && seen.verdict == Verdict::Upstream) {
        weigh(record, seen, settings);
      }
    }
  }
  return record;
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
  DetectorSettings settings;
  settings.half_life = threshold(event, "half_life", settings.half_life);
  const UpstreamRecord record = weigh_again(event, settings, group_history);
  ScoreInputs inputs{.record = record, .now = event.time};
  inputs.standing = static_cast<std::size_t>(control->standing);
  inputs.switched = static_cast<std::size_t>(control->switched);
  // Whoever comes and goes has come back too.
  inputs.known_edge =
      event.type == EventType::UpstreamReturned || event.type == EventType::UpstreamFlapping;
  inputs.known_network =
      std::any_of(event.thresholds.begin(), event.thresholds.end(),
                  [](const NamedValue& value) { return value.name == "known_network"; });
  inputs.leak_shaped = control->valleys > 0 && 2 * control->valleys >= control->groups;
  inputs.rov_invalid = control->invalid > 0 && 2 * control->invalid >= control->groups;
  result.terms = score_terms(inputs, settings);
  result.score = total(result.terms);
  result.matches = result.terms == event.terms && result.score == event.score;
  return result;
}

std::string rule_text(const std::string& rule) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kTexts{{
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
      {"leak_shape",
       "For the persistence time at least 3 vantage groups have had it on paths with the shape of "
       "a "
       "leak: nothing is confirmed."},
      {"other_host",
       "For the persistence time half of the groups that measured it, and two at least, were "
       "answered by a host that is not the target."},
      {"dark_after_route",
       "Routes over it appeared, and within ten minutes traceroutes of 3 groups, and of 30 % of "
       "all, "
       "found the target silent."},
      {"not_authorised",
       "The target has published whom it buys transit from (ASPA), and this is none of them."},
      {"took_over",
       "It was confirmed within ten minutes of the time at which a known upstream lost its "
       "groups."},
      {"transit_difference",
       "At least 8 vantage groups, a fifth of all, reach the same upstream over another network "
       "than before, and have for the persistence time."},
      {"planes_apart",
       "What packets do and what routes say has differed for more than half of the space, for ten "
       "minutes."},
      {"rov_invalid",
       "At least 30 % of the vantage groups have no route, and RPKI says that the announcement is "
       "invalid."},
      {"storm",
       "The same upstream came to, or left, at least 5 targets within ten minutes: they are told "
       "together."},
      {"storm_over", "The grouped changes have ended: how many targets they concerned."},
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
