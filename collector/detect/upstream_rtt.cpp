#include "collector/detect/upstream_rtt.hpp"

#include <algorithm>

namespace isthmus::collector {
namespace {

constexpr std::size_t kRecent = 64;

}  // namespace

void RecentDurations::add(Duration value) {
  if (values_.size() < kRecent) {
    values_.push_back(value);
    return;
  }
  next_ %= kRecent;
  values_[next_] = value;
  ++next_;
}

std::optional<Duration> RecentDurations::median() const {
  if (values_.empty()) {
    return std::nullopt;
  }
  std::vector<Duration> sorted = values_;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  return *middle;
}

void UpstreamRtt::add(const TraceEvidence& trace) {
  if (trace.rtt) {
    const auto bucket =
        std::lower_bound(kRttBounds.begin(), kRttBounds.end(), to_seconds(*trace.rtt));
    ++counts_[static_cast<std::size_t>(bucket - kRttBounds.begin())];
    ++count_;
    sum_ += *trace.rtt;
    min_ = min_ ? std::min(*min_, *trace.rtt) : *trace.rtt;
    recent_.add(*trace.rtt);
  }
  if (trace.gap_rtt) {
    gaps_.add(*trace.gap_rtt);
  }
}

RttStats UpstreamRtt::stats() const {
  RttStats stats;
  stats.counts = counts_;
  stats.count = count_;
  stats.sum = to_seconds(sum_);
  stats.min = min_;
  stats.median = recent_.median();
  stats.gap = gaps_.median();
  return stats;
}

}  // namespace isthmus::collector
