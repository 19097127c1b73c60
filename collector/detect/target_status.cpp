#include "collector/detect/target_status.hpp"

#include <algorithm>

#include "collector/detect/plane_disagreement.hpp"
#include "collector/detect/quantities.hpp"
#include "collector/detect/upstream_class.hpp"

namespace isthmus::collector {
namespace {

constexpr std::array kPlanes{Plane::Data, Plane::Control};

const Ballot& ballot_of(const Scene& scene, Plane plane) {
  return plane == Plane::Data ? scene.data : scene.control;
}

std::vector<VantageCounts> count_vantages(const Scene& scene) {
  // The best that a group says: 0 an upstream, 1 no way, 2 nothing of use, 3 nothing of late.
  std::map<std::pair<Plane, Asn>, int> best;
  for (const auto& [key, state] : scene.states) {
    const bool fresh = is_fresh(key, state, scene.now, scene.settings);
    const bool heard =
        key.vantage.plane == Plane::Control || scene.now - state.heard <= freshness(scene.settings);
    const int rank = !fresh && !heard                                       ? 3
                     : !fresh || state.now.verdict == Verdict::Inconclusive ? 2
                     : state.now.verdict == Verdict::Unreachable            ? 1
                                                                            : 0;
    const auto [found, first] = best.try_emplace({key.vantage.plane, key.vantage.asn}, rank);
    found->second = std::min(found->second, rank);
  }
  std::map<Plane, VantageCounts> counts;
  for (const auto& [group, rank] : best) {
    VantageCounts& each = counts[group.first];
    each.plane = group.first;
    each.conclusive += rank == 0 ? 1U : 0U;
    each.unreachable += rank == 1 ? 1U : 0U;
    each.inconclusive += rank == 2 ? 1U : 0U;
    each.stale += rank == 3 ? 1U : 0U;
  }
  std::vector<VantageCounts> list;
  for (const auto& [plane, each] : counts) {
    list.push_back(each);
  }
  return list;
}

PrefixPlane prefix_plane(const Ballot& ballot, const Prefix& prefix, Plane plane) {
  PrefixPlane status;
  status.plane = plane;
  const auto& votes = ballot.votes.at(prefix);
  std::map<Asn, double> sums;
  double reaching = 0;
  for (const auto& [group, vote] : votes) {
    reaching += vote.upstreams.empty() ? 0 : 1;
    for (const auto& [asn, part] : vote.upstreams) {
      sums[asn] += part;
    }
  }
  status.reachable = reaching / static_cast<double>(votes.size());
  for (const auto& [asn, sum] : sums) {
    status.shares.push_back({asn, sum / reaching});
  }
  std::stable_sort(status.shares.begin(), status.shares.end(),
                   [](const auto& left, const auto& right) { return left.share > right.share; });
  return status;
}

std::vector<PrefixStatus> prefix_statuses(const Scene& scene) {
  std::map<Prefix, PrefixStatus> statuses;
  for (const Plane plane : kPlanes) {
    for (const auto& [prefix, votes] : ballot_of(scene, plane).votes) {
      PrefixStatus& status = statuses[prefix];
      status.prefix = prefix;
      status.planes.push_back(prefix_plane(ballot_of(scene, plane), prefix, plane));
    }
  }
  std::vector<PrefixStatus> list;
  for (auto& [prefix, status] : statuses) {
    list.push_back(std::move(status));
  }
  return list;
}

UpstreamState state_of(const UpstreamRecord& record, bool unreachable) {
  switch (record.phase) {
    case Phase::Probable:
      return UpstreamState::Probable;
    case Phase::Confirmed:
      return unreachable ? UpstreamState::Suspended : UpstreamState::Confirmed;
    case Phase::Established:
      return unreachable ? UpstreamState::Suspended : UpstreamState::Established;
    case Phase::Withdrawn:
      return UpstreamState::Withdrawn;
    default:
      return UpstreamState::Candidate;
  }
}

PlaneShare plane_share(const Scene& scene, Plane plane, Asn asn) {
  const Ballot& ballot = ballot_of(scene, plane);
  const Share share = share_of(ballot, asn);
  const Interval interval = share_interval(share.share * share.groups, share.groups);
  PlaneShare result;
  result.plane = plane;
  result.share = share.share;
  result.lower = interval.lower;
  result.upper = interval.upper;
  result.hegemony = hegemony_of(scene, plane, asn);
  std::set<Asn> groups;
  for (const auto& [prefix, votes] : ballot.votes) {
    for (const auto& [group, vote] : votes) {
      if (vote.upstreams.contains(asn)) {
        groups.insert(group);
      }
    }
  }
  result.vantages = groups.size();
  return result;
}

std::optional<TimePoint> last_seen(const Scene& scene, Asn asn) {
  std::optional<TimePoint> last;
  for (const auto& [key, state] : scene.states) {
    if (state.now.verdict == Verdict::Upstream &&
        std::find(state.now.upstreams.begin(), state.now.upstreams.end(), asn) !=
            state.now.upstreams.end()) {
      // A BGP route stands until it is replaced.
      const TimePoint seen = key.vantage.plane == Plane::Control ? scene.now : state.last;
      last = last ? std::max(*last, seen) : seen;
    }
  }
  return last;
}

UpstreamStatus upstream_status(const Scene& scene, const UpstreamRecord& record, bool unreachable) {
  UpstreamStatus status;
  status.asn = record.asn;
  status.state = state_of(record, unreachable);
  for (const Plane plane : kPlanes) {
    if (!ballot_of(scene, plane).votes.empty()) {
      status.planes.push_back(plane_share(scene, plane, record.asn));
    }
  }
  status.confidence = record.confidence;
  if (!is_known(record)) {
    const Support support = support_of(scene, record);
    status.score = total(score_terms(scene, record, support));
    status.confidence = record.phase == Phase::Withdrawn
                            ? 0
                            : confidence(status.score, scene.settings.candidate_score, 1);
  }
  if (record.first != TimePoint{}) {
    status.first_seen = record.first;
  }
  status.last_seen = last_seen(scene, record.asn);
  status.confirmed_at = record.confirmed_at;
  status.upstream_class = to_string(export_test(scene, record.asn));
  status.via_ixp = is_via_exchange(scene, record.asn);
  status.front_of = record.front_of;
  return status;
}

}  // namespace

TargetStatus status_of(const Scene& scene, const Lifecycle& lifecycle, bool unreachable,
                       const std::map<Asn, UpstreamRtt>& rtt) {
  TargetStatus status;
  status.target = scene.target.name;
  status.family = scene.family;
  status.time = scene.now;
  status.vantages = count_vantages(scene);
  for (const auto& [asn, record] : lifecycle.records()) {
    const bool shown = is_known(record) || record.phase == Phase::Withdrawn ||
                       (record.nominated && !lifecycle.learning());
    if (!shown) {
      continue;
    }
    status.upstreams.push_back(upstream_status(scene, record, unreachable));
    if (const auto times = rtt.find(asn); times != rtt.end()) {
      status.upstreams.back().rtt = times->second.stats();
    }
  }
  status.prefixes = prefix_statuses(scene);
  status.plane_disagreement = plane_disagreement(scene.control, scene.data);
  status.learning = lifecycle.learning();
  return status;
}

}  // namespace isthmus::collector
