#include "collector/publish/route_tally.hpp"

#include "collector/detect/vantage_state.hpp"

namespace isthmus::collector {
namespace {

/// Adds a group's vote, or takes it away.
void vote(std::map<Asn, double>& parts, const std::map<Asn, int>& points, double sign) {
  int total = 0;
  for (const auto& [upstream, count] : points) {
    total += count;
  }
  for (const auto& [upstream, count] : points) {
    parts[upstream] += sign * count / total;
  }
}

}  // namespace

void RouteTally::count(const Votes& votes, double sign) {
  if (votes.groups.empty()) {
    return;
  }
  const auto groups = static_cast<double>(votes.groups.size());
  weight_ += sign * votes.weight;
  groups_ += sign * votes.weight * groups;
  for (const auto& [upstream, part] : votes.parts) {
    sums_[upstream] += sign * votes.weight * part / groups;
  }
}

void RouteTally::change(const Prefix& prefix, Asn group, Asn upstream, int by) {
  Votes& votes = prefixes_[prefix];
  votes.weight = prefix_weight(prefix);
  count(votes, -1);
  std::map<Asn, int>& points = votes.groups[group];
  vote(votes.parts, points, -1);
  if ((points[upstream] += by) <= 0) {
    points.erase(upstream);
  }
  if (points.empty()) {
    votes.groups.erase(group);
  } else {
    vote(votes.parts, points, 1);
  }
  if (votes.groups.empty()) {
    votes.parts.clear();  // so that rounding ends with the last route
  }
  count(votes, 1);
}

}  // namespace isthmus::collector
