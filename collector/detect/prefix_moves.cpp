#include "collector/detect/prefix_moves.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

constexpr Duration kSettling = std::chrono::seconds{600};
constexpr Duration kShiftTime = std::chrono::seconds{900};
constexpr double kShift = 0.2;

/// The upstream over which more than half of the groups reach a prefix.
std::optional<Asn> majority(const Ballot& ballot, const Prefix& prefix) {
  std::map<Asn, double> sums;
  double groups = 0;
  const auto found = ballot.votes.find(prefix);
  if (found == ballot.votes.end()) {
    return std::nullopt;
  }
  for (const auto& [group, vote] : found->second) {
    groups += vote.upstreams.empty() ? 0 : 1;
    for (const auto& [asn, part] : vote.upstreams) {
      sums[asn] += part;
    }
  }
  for (const auto& [asn, sum] : sums) {
    if (2 * sum > groups) {
      return asn;
    }
  }
  return std::nullopt;
}

/// Whether two groups have gone over an upstream for long and still do: for any prefix.
bool is_kept(const Scene& scene, Asn upstream) {
  std::set<Asn> loyal;
  for (const auto& [prefix, votes] : scene.ballot().votes) {
    for (const auto& [group, vote] : votes) {
      const auto since = vote.since.find(upstream);
      if (since != vote.since.end() && scene.now - since->second >= scene.settings.persistence) {
        loyal.insert(group);
      }
    }
  }
  return loyal.size() >= 2;
}

/// When the first of the groups went over that took a prefix along to its new upstream.
TimePoint first_to_go(const Scene& scene, const Prefix& prefix, Asn upstream, TimePoint majority) {
  TimePoint first = majority;
  const auto found = scene.ballot().votes.find(prefix);
  for (const auto& [group, vote] : found->second) {
    const auto since = vote.since.find(upstream);
    if (since != vote.since.end() && majority - since->second <= kSettling) {
      first = std::min(first, since->second);
    }
  }
  return first;
}

}  // namespace

/// The coming or going of an upstream moves prefixes, and its own event has told so.
void PrefixMoves::fold_changes(const Scene& scene, const Lifecycle& lifecycle) {
  for (const Asn asn : lifecycle.changed()) {
    settling_[asn] = scene.now + kSettling;
  }
  std::erase_if(settling_, [&](const auto& entry) { return entry.second <= scene.now; });
  for (auto& [prefix, carrier] : carriers_) {
    const std::optional<Asn> now = majority(scene.ballot(), prefix);
    if (!now || now == carrier.told) {
      continue;
    }
    const bool comes = settling_.contains(*now) && lifecycle.knows(*now);
    const bool leaves = carrier.told && !lifecycle.knows(*carrier.told);
    if (comes || leaves || !carrier.told) {
      carrier = Carrier{now, std::nullopt, scene.now};
      reference_.clear();
    }
  }
}

void PrefixMoves::judge(const Scene& scene, const Lifecycle& lifecycle, bool frozen,
                        std::vector<Event>& events, Deadlines& due) {
  const Ballot& ballot = scene.ballot();
  for (const auto& [prefix, groups] : ballot.votes) {
    carriers_.try_emplace(prefix);
  }
  fold_changes(scene, lifecycle);
  const std::size_t told_before = events.size();
  for (auto& [prefix, carrier] : carriers_) {
    const std::optional<Asn> now = majority(ballot, prefix);
    if (frozen || !now || now == carrier.told || !lifecycle.knows(*now)) {
      carrier.candidate.reset();
      continue;
    }
    if (carrier.candidate != now) {
      carrier.candidate = now;
      carrier.since = scene.now;
    }
    judge_prefix(scene, lifecycle, prefix, carrier, events, due);
  }
  judge_shift(scene, lifecycle, frozen || events.size() != told_before, events, due);
}

void PrefixMoves::judge_prefix(const Scene& scene, const Lifecycle& lifecycle, const Prefix& prefix,
                               Carrier& carrier, std::vector<Event>& events, Deadlines& due) {
  const TimePoint over = carrier.since + settings_.persistence;
  if (scene.now < over) {
    due.at(over);
    return;
  }
  // An upstream that has left every prefix is about to be told as withdrawn, which tells this too.
  if (!lifecycle.knows(*carrier.told) || lifecycle.is_leaving(*carrier.told) ||
      !is_kept(scene, *carrier.told)) {
    return;
  }
  Event event = target_event(scene, EventType::PrefixMoved, Severity::Notice, "majority_of_groups");
  event.upstream = *carrier.candidate;
  const TimePoint first = first_to_go(scene, prefix, *carrier.candidate, carrier.since);
  event.first_seen = first;
  event.previous_upstreams = {
      {*carrier.told, prefix_share(scene.ballot(), prefix, *carrier.told).share}};
  const Share share = share_of(scene.ballot(), *carrier.candidate);
  event.share = share.share;
  const double after = prefix_share(scene.ballot(), prefix, *carrier.candidate).share;
  event.prefixes.push_back({prefix, 0, after});
  event.summary =
      fmt::format("{} moved from {} to {} from {} on: {:.0f} % of its vantage ASes go there",
                  prefix.to_string(), carrier.told->to_string(), carrier.candidate->to_string(),
                  moment_text(first), after * 100);
  seal(event);
  events.push_back(std::move(event));
  carrier = Carrier{carrier.candidate, std::nullopt, scene.now};
  reference_.clear();
}

/// Shares of known upstreams that differ from those told last by a fifth, for a quarter of an hour.
void PrefixMoves::judge_shift(const Scene& scene, const Lifecycle& lifecycle, bool quiet,
                              std::vector<Event>& events, Deadlines& due) {
  std::map<Asn, double> shares;
  for (const UpstreamShare& share : all_shares(scene.ballot())) {
    if (lifecycle.knows(share.asn)) {
      shares[share.asn] = share.share;
    }
  }
  if (quiet || reference_.empty() || shares.empty() || !settling_.empty()) {
    if (!shares.empty() && !quiet) {
      reference_ = shares;
    }
    shifted_since_.reset();
    return;
  }
  std::optional<Asn> most;
  double difference = kShift;
  for (const auto& [asn, share] : shares) {
    const auto told = reference_.find(asn);
    const double before = told == reference_.end() ? 0 : told->second;
    if (share - before > difference) {
      difference = share - before;
      most = asn;
    }
  }
  if (!most) {
    shifted_since_.reset();
    return;
  }
  if (!shifted_since_) {
    shifted_since_ = scene.now;
  }
  if (scene.now < *shifted_since_ + kShiftTime) {
    due.at(*shifted_since_ + kShiftTime);
    return;
  }
  Event event = target_event(scene, EventType::ShareShift, Severity::Notice, "share_difference");
  event.upstream = most;
  event.first_seen = shifted_since_;
  event.share = shares[*most];
  for (const auto& [asn, share] : reference_) {
    event.previous_upstreams.push_back({asn, share});
  }
  event.summary =
      fmt::format("{} carries {:.0f} % of {} now, {:.0f} points more than before",
                  most->to_string(), event.share * 100, scene.target.name, difference * 100);
  seal(event);
  events.push_back(std::move(event));
  reference_ = shares;
  shifted_since_.reset();
}

}  // namespace isthmus::collector
