#include "collector/publish/share_series.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "collector/publish/route_tally.hpp"

namespace isthmus::collector {
namespace {

/// A vantage point takes up a route, or gives it up.
struct Edge {
  TimePoint time;
  bool begins;
  const RouteInterval* interval;
};

std::vector<Edge> edges_of(const std::vector<RouteInterval>& intervals, const TimeSteps& steps) {
  std::vector<Edge> edges;
  edges.reserve(2 * intervals.size());
  for (const RouteInterval& interval : intervals) {
    const bool before = interval.until && *interval.until <= steps.from;
    if (before || interval.from >= steps.until || interval.verdict != Verdict::Upstream ||
        !interval.upstream) {
      continue;
    }
    edges.push_back({std::max(interval.from, steps.from), true, &interval});
    if (interval.until && *interval.until < steps.until) {
      edges.push_back({*interval.until, false, &interval});
    }
  }
  std::stable_sort(edges.begin(), edges.end(), [](const Edge& left, const Edge& right) {
    return std::tie(left.time, left.begins) < std::tie(right.time, right.begins);
  });
  return edges;
}

/// Adds up shares over the time of each step.
class Means {
 public:
  explicit Means(const TimeSteps& steps)
      : steps_{steps},
        time_(steps.count()),
        groups_(steps.count()) {}

  /// The tally was the same from one time to another.
  void add(const RouteTally& tally, TimePoint from, TimePoint until) {
    while (from < until) {
      const auto step = static_cast<std::size_t>((from - steps_.from) / steps_.step);
      const TimePoint end =
          std::min(until, steps_.from + static_cast<std::int64_t>(step + 1) * steps_.step);
      const double seconds = to_seconds(end - from);
      if (tally.any()) {
        time_[step] += seconds;
        groups_[step] += seconds * tally.groups();
        tally.each_share([&](Asn upstream, double share) {
          std::vector<double>& sums =
              shares_.try_emplace(upstream, time_.size(), 0.0).first->second;
          sums[step] += seconds * share;
        });
      }
      from = end;
    }
  }

  [[nodiscard]] ShareSeries series() const {
    ShareSeries series;
    for (std::size_t i = 0; i < time_.size(); ++i) {
      series.times.push_back(steps_.from + static_cast<std::int64_t>(i) * steps_.step);
      series.groups.push_back(time_[i] > 0 ? groups_[i] / time_[i] : 0);
    }
    std::vector<std::pair<double, Asn>> order;
    for (const auto& [upstream, sums] : shares_) {
      double total = 0;
      for (const double sum : sums) {
        total += sum;
      }
      order.emplace_back(-total, upstream);
    }
    std::sort(order.begin(), order.end());
    for (const auto& [total, upstream] : order) {
      UpstreamSeries& each = series.upstreams.emplace_back(UpstreamSeries{upstream, {}});
      const std::vector<double>& sums = shares_.at(upstream);
      for (std::size_t i = 0; i < time_.size(); ++i) {
        each.share.push_back(time_[i] > 0 ? std::optional{std::min(1.0, sums[i] / time_[i])}
                                          : std::nullopt);
      }
    }
    return series;
  }

 private:
  TimeSteps steps_;
  std::vector<double> time_;  ///< seconds with a route, by step
  std::vector<double> groups_;
  std::map<Asn, std::vector<double>> shares_;
};

}  // namespace

std::size_t TimeSteps::count() const {
  return until <= from ? 0 : static_cast<std::size_t>((until - from + step - Duration{1}) / step);
}

ShareSeries share_series(const std::vector<RouteInterval>& intervals, const TimeSteps& steps) {
  RouteTally tally;
  Means means{steps};
  TimePoint since = steps.from;
  for (const Edge& edge : edges_of(intervals, steps)) {
    means.add(tally, since, edge.time);
    since = edge.time;
    const RouteInterval& interval = *edge.interval;
    if (edge.begins) {
      tally.add(interval.prefix, interval.vantage.asn, *interval.upstream);
    } else {
      tally.remove(interval.prefix, interval.vantage.asn, *interval.upstream);
    }
  }
  means.add(tally, since, steps.until);
  return means.series();
}

}  // namespace isthmus::collector
