#include "collector/detect/vantage_state.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::collector {

Duration freshness(const DetectorSettings& settings) {
  return std::max<Duration>(2 * settings.probe_interval, std::chrono::seconds{120});
}

bool is_fresh(const StateKey& key, const VantageState& state, TimePoint now,
              const DetectorSettings& settings) {
  return key.vantage.plane == Plane::Control || now - state.last <= freshness(settings);
}

Asn as_before(const std::vector<Asn>& path, Asn asn) {
  const auto found = std::find(path.begin(), path.end(), asn);
  return found == path.begin() || found == path.end() ? Asn{} : *(found - 1);
}

double prefix_weight(const Prefix& prefix) {
  const unsigned bits = prefix.family() == Family::Ipv4 ? 32 : 64;
  return prefix.length() >= bits ? 1 : std::ldexp(1.0, static_cast<int>(bits - prefix.length()));
}

namespace {

/// Of several probes in one network the majority speaks; only where there is none, each has its
/// part (detection.md c.4).
void take_majority(GroupVote& vote) {
  const double reached = 1 - vote.unreachable;
  if (vote.unreachable > 0.5) {
    vote.unreachable = 1;
    vote.upstreams.clear();
    vote.since.clear();
    return;
  }
  for (const auto& [asn, part] : vote.upstreams) {
    if (part * reached > 0.5) {
      const Asn chosen = asn;
      vote.unreachable = 0;
      std::erase_if(vote.since, [&](const auto& each) { return each.first != chosen; });
      std::erase_if(vote.upstreams, [&](const auto& each) { return each.first != chosen; });
      vote.upstreams.begin()->second = 1;
      return;
    }
  }
}

}  // namespace

Ballot count_votes(const StateMap& states, Plane plane, TimePoint now,
                   const DetectorSettings& settings) {
  Ballot ballot;
  std::map<std::pair<Prefix, Asn>, double> points;
  for (const auto& [key, state] : states) {
    if (key.vantage.plane != plane || state.now.verdict == Verdict::Inconclusive ||
        !is_fresh(key, state, now, settings)) {
      continue;
    }
    const Asn group = key.vantage.asn;
    GroupVote& vote = ballot.votes[key.prefix][group];
    points[{key.prefix, group}] += 1;
    const bool reaches = state.now.verdict == Verdict::Upstream;
    ballot.groups.try_emplace(group, false).first->second |= reaches;
    if (!reaches) {
      vote.unreachable += 1;
      continue;
    }
    const double part = 1.0 / static_cast<double>(state.now.upstreams.size());
    for (const Asn upstream : state.now.upstreams) {
      vote.upstreams[upstream] += part;
      const auto [since, fresh] = vote.since.try_emplace(upstream, state.since);
      since->second = std::min(since->second, state.since);
    }
  }
  for (auto& [prefix, groups] : ballot.votes) {
    for (auto& [group, vote] : groups) {
      const double total = points[{prefix, group}];
      const double reached = total - vote.unreachable;
      for (auto& [upstream, part] : vote.upstreams) {
        part /= reached;
      }
      vote.unreachable /= total;
      if (plane == Plane::Data) {
        take_majority(vote);
      }
    }
  }
  for (const auto& [group, reaches] : ballot.groups) {
    ballot.unreachable[group] = !reaches;
  }
  return ballot;
}

Share prefix_share(const Ballot& ballot, const Prefix& prefix, Asn upstream) {
  Share result;
  const auto found = ballot.votes.find(prefix);
  if (found == ballot.votes.end()) {
    return result;
  }
  double sum = 0;
  for (const auto& [group, vote] : found->second) {
    if (vote.upstreams.empty()) {
      continue;
    }
    result.groups += 1;
    const auto part = vote.upstreams.find(upstream);
    sum += part == vote.upstreams.end() ? 0 : part->second;
  }
  result.share = result.groups > 0 ? sum / result.groups : 0;
  return result;
}

Share share_of(const Ballot& ballot, Asn upstream) {
  Share result;
  double weights = 0;
  for (const auto& [prefix, groups] : ballot.votes) {
    const Share share = prefix_share(ballot, prefix, upstream);
    if (share.groups > 0) {
      const double weight = prefix_weight(prefix);
      weights += weight;
      result.share += weight * share.share;
      result.groups += weight * share.groups;
    }
  }
  if (weights > 0) {
    result.share /= weights;
    result.groups /= weights;
  }
  return result;
}

}  // namespace isthmus::collector
