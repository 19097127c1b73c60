#include "collector/detect/learned_prefixes.hpp"

#include <algorithm>
#include <utility>

namespace isthmus::collector {

bool LearnedPrefixes::learn(const Prefix& prefix, std::size_t target, TimePoint time) {
  Claims& claims = claims_[prefix];
  const auto found = std::find(claims.targets.begin(), claims.targets.end(), target);
  if (found != claims.targets.end()) {
    TimePoint& since = claims.since[static_cast<std::size_t>(found - claims.targets.begin())];
    since = std::min(since, time);
    return false;
  }
  claims.targets.push_back(target);
  claims.since.push_back(time);
  return true;
}

const std::vector<std::size_t>* LearnedPrefixes::targets_of(const Prefix& prefix) const {
  const auto found = claims_.find(prefix);
  return found == claims_.end() ? nullptr : &found->second.targets;
}

bool LearnedPrefixes::counts(const Prefix& prefix, std::size_t target, TimePoint time,
                             RouteKind kind) const {
  const auto found = claims_.find(prefix);
  if (found == claims_.end()) {
    return false;
  }
  const Claims& claims = found->second;
  const auto place = std::find(claims.targets.begin(), claims.targets.end(), target);
  if (place == claims.targets.end()) {
    return false;
  }
  const TimePoint since = claims.since[static_cast<std::size_t>(place - claims.targets.begin())];
  return time >= (kind == RouteKind::Table ? since + lateness_ : since);
}

void LearnedPrefixes::hold(const Route& route) {
  if (route.kind != RouteKind::Withdraw && route.kind != RouteKind::Announce) {
    return;
  }
  if (const auto* const known = targets_of(route.prefix);
      known != nullptr && known->size() == targets_) {
    return;
  }
  if (next_ - first_ == ring_.size()) {
    grow();
  }
  Held& held = ring_[next_ % ring_.size()];
  held.route = route;
  held.vantage = *route.vantage;
  if (route.attributes != nullptr) {
    held.attributes.as_path = route.attributes->as_path;
  } else {
    held.route.kind = RouteKind::Withdraw;
  }
  held.before = std::exchange(buckets_[bucket(route.prefix)], next_);
  ++next_;
}

void LearnedPrefixes::grow() {
  constexpr std::size_t kSmallest = 256;
  buckets_.resize(kBuckets, 0);
  std::vector<Held> larger(std::max(kSmallest, 2 * ring_.size()));
  for (std::uint64_t number = first_; number < next_; ++number) {
    larger[number % larger.size()] = std::move(ring_[number % ring_.size()]);
  }
  ring_ = std::move(larger);
}

void LearnedPrefixes::forget(TimePoint until) {
  while (first_ < next_ && slot(first_).route.time < until) {
    ++first_;
  }
}

}  // namespace isthmus::collector
