#include "collector/detect/plane_disagreement.hpp"

#include <cmath>

namespace isthmus::collector {
namespace {

constexpr std::size_t kFewestGroups = 3;

/// Parts of the groups by upstream; AS 0 stands for those without a way.
std::map<Asn, double> parts_of(const std::map<Asn, GroupVote>& votes) {
  std::map<Asn, double> parts;
  const auto groups = static_cast<double>(votes.size());
  for (const auto& [group, vote] : votes) {
    for (const auto& [asn, part] : vote.upstreams) {
      parts[asn] += part * (1 - vote.unreachable) / groups;
    }
    parts[Asn{}] += vote.unreachable / groups;
  }
  return parts;
}

}  // namespace

double plane_disagreement(const Ballot& control, const Ballot& data) {
  double sum = 0;
  double weights = 0;
  for (const auto& [prefix, votes] : data.votes) {
    const auto routes = control.votes.find(prefix);
    if (routes == control.votes.end() || votes.size() < kFewestGroups ||
        routes->second.size() < kFewestGroups) {
      continue;
    }
    std::map<Asn, double> difference = parts_of(votes);
    for (const auto& [asn, part] : parts_of(routes->second)) {
      difference[asn] -= part;
    }
    double distance = 0;
    for (const auto& [asn, part] : difference) {
      distance += std::abs(part) / 2;
    }
    const double weight = prefix_weight(prefix);
    weights += weight;
    sum += weight * distance;
  }
  return weights > 0 ? sum / weights : 0;
}

}  // namespace isthmus::collector
