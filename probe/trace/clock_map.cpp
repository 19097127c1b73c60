#include "probe/trace/clock_map.hpp"

#include <cstdlib>

namespace isthmus::probe {
namespace {

constexpr Duration kStep{1'000};
/// A capture hands packets over within this time, or is badly late.
constexpr Duration kLongestDelay{500'000};

}  // namespace

void ClockMap::sample(TimePoint wall, Duration monotonic) {
  const Duration offset = wall.time_since_epoch() - monotonic;
  if (!eras_.empty() && std::chrono::abs(offset - eras_.back().offset) < kStep) {
    // NTP slews a running clock: the newest offset is the best.
    eras_.back().offset = offset;
    eras_.back().until = monotonic;
    return;
  }
  steps_ += eras_.empty() ? 0U : 1U;
  eras_.push_back({offset, monotonic});
  if (eras_.size() > 4) {
    eras_.pop_front();
  }
}

Duration ClockMap::monotonic(TimePoint stamp) const {
  if (eras_.empty()) {
    return stamp.time_since_epoch();
  }
  const Duration now = eras_.back().until;
  for (auto era = eras_.rbegin(); era != eras_.rend(); ++era) {
    const Duration candidate = stamp.time_since_epoch() - era->offset;
    if (candidate <= now + kStep && candidate + kLongestDelay >= now) {
      return candidate;
    }
  }
  return stamp.time_since_epoch() - eras_.back().offset;
}

}  // namespace isthmus::probe
