#include "tool/route_phases.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace isthmus::tool {
namespace {

/// A vantage point takes up a route, or gives it up.
struct Edge {
  TimePoint time;
  bool begins;
  Asn group;
  std::optional<Asn> upstream;
};

/// What the vantage groups of one prefix say at one time.
class Tally {
 public:
  void apply(const Edge& edge) {
    if (!edge.upstream) {
      return;
    }
    int& count = groups_[edge.group][*edge.upstream];
    count += edge.begins ? 1 : -1;
    if (count == 0) {
      groups_[edge.group].erase(*edge.upstream);
    }
    if (groups_[edge.group].empty()) {
      groups_.erase(edge.group);
    }
  }
  [[nodiscard]] std::size_t groups() const { return groups_.size(); }
  [[nodiscard]] std::map<Asn, double> shares() const {
    std::map<Asn, double> shares;
    for (const auto& [group, upstreams] : groups_) {
      const double part =
          1.0 / static_cast<double>(upstreams.size()) / static_cast<double>(groups_.size());
      for (const auto& [asn, count] : upstreams) {
        shares[asn] += part;
      }
    }
    return shares;
  }

 private:
  std::map<Asn, std::map<Asn, int>> groups_;
};

std::pair<std::optional<Asn>, double> greatest(const std::map<Asn, double>& shares) {
  std::pair<std::optional<Asn>, double> best{std::nullopt, 0};
  for (const auto& [asn, share] : shares) {
    if (share > best.second) {
      best = {asn, share};
    }
  }
  return best;
}

/// Joins what is too short to the phase before, and neighbours of one upstream to each other.
std::vector<RoutePhase> smooth(const std::vector<RoutePhase>& phases, Duration shortest) {
  std::vector<RoutePhase> result;
  for (const RoutePhase& phase : phases) {
    const bool brief = phase.until && *phase.until - phase.from < shortest && !result.empty();
    if (brief || (!result.empty() && result.back().upstream == phase.upstream)) {
      RoutePhase& last = result.back();
      last.until = phase.until;
      if (last.upstream == phase.upstream) {
        last.highest_share = std::max(last.highest_share, phase.highest_share);
        last.lowest_share = std::min(last.lowest_share, phase.lowest_share);
        last.groups = std::max(last.groups, phase.groups);
      }
      continue;
    }
    result.push_back(phase);
  }
  return result;
}

std::vector<RoutePhase> phases_of(const Prefix& prefix, std::vector<Edge> edges,
                                  Duration shortest) {
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& left, const Edge& right) {
    return std::pair{left.time, left.begins} < std::pair{right.time, right.begins};
  });
  std::vector<RoutePhase> phases;
  Tally tally;
  for (std::size_t i = 0; i < edges.size();) {
    const TimePoint time = edges[i].time;
    for (; i < edges.size() && edges[i].time == time; ++i) {
      tally.apply(edges[i]);
    }
    const auto [upstream, share] = greatest(tally.shares());
    if (!phases.empty() && phases.back().upstream == upstream) {
      RoutePhase& last = phases.back();
      last.lowest_share = std::min(last.lowest_share, share);
      last.highest_share = std::max(last.highest_share, share);
      last.groups = std::max(last.groups, tally.groups());
      continue;
    }
    if (!phases.empty()) {
      phases.back().until = time;
    }
    phases.push_back({prefix, time, std::nullopt, upstream, share, share, tally.groups()});
  }
  return smooth(phases, shortest);
}

/// Cuts an interval to the window; false if nothing is left of it.
bool cut(RouteInterval& interval, const TimeWindow& window) {
  interval.from = std::max(interval.from, window.from.value_or(interval.from));
  if (window.until) {
    interval.until = std::min(interval.until.value_or(*window.until), *window.until);
  }
  return !interval.until || interval.from < *interval.until;
}

}  // namespace

std::vector<RoutePhase> route_phases(std::vector<RouteInterval> intervals, const TimeWindow& window,
                                     Duration shortest) {
  std::map<Prefix, std::vector<Edge>> edges;
  for (RouteInterval& interval : intervals) {
    if (!cut(interval, window)) {
      continue;
    }
    std::vector<Edge>& list = edges[interval.prefix];
    const std::optional<Asn> upstream =
        interval.verdict == Verdict::Upstream ? interval.upstream : std::nullopt;
    list.push_back({interval.from, true, interval.vantage.asn, upstream});
    if (interval.until) {
      list.push_back({*interval.until, false, interval.vantage.asn, upstream});
    }
  }
  std::vector<RoutePhase> result;
  for (auto& [prefix, list] : edges) {
    for (const RoutePhase& phase : phases_of(prefix, std::move(list), shortest)) {
      if (!window.until || phase.from < *window.until) {  // all routes end with the window
        result.push_back(phase);
      }
    }
  }
  return result;
}

}  // namespace isthmus::tool
