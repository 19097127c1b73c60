#include "collector/detect/learned_prefixes.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "collector/detect/state_archive.hpp"

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

void LearnedPrefixes::save(StateWriter& writer) const {
  writer(std::map<Prefix, Claims>{claims_.begin(), claims_.end()});
  writer.size(next_ - first_);
  for (std::uint64_t number = first_; number < next_; ++number) {
    const Held& held = slot(number);
    writer(held.vantage, held.route.kind, held.route.time, held.route.sequence, held.route.since,
           held.route.prefix, held.route.path_id, held.attributes.as_path.to_string());
  }
}

void LearnedPrefixes::restore(StateReader& reader) {
  std::map<Prefix, Claims> claims;
  reader(claims);
  for (const auto& [prefix, each] : claims) {
    if (each.targets.size() != each.since.size()) {
      return reader.fail();
    }
  }
  claims_ = {claims.begin(), claims.end()};
  for (std::size_t left = reader.size(); left > 0 && reader.ok(); --left) {
    Route route;
    VantagePoint vantage;
    RouteAttributes attributes;
    std::string path;
    reader(vantage, route.kind, route.time, route.sequence, route.since, route.prefix,
           route.path_id, path);
    auto parsed = AsPath::parse(path);
    if (!parsed) {
      return reader.fail();
    }
    attributes.as_path = std::move(*parsed);
    route.vantage = &vantage;
    route.attributes = route.kind == RouteKind::Withdraw ? nullptr : &attributes;
    hold(route);
  }
}

void LearnedPrefixes::renumber(const std::vector<std::optional<std::size_t>>& places,
                               std::size_t targets, std::size_t listless) {
  for (auto entry = claims_.begin(); entry != claims_.end();) {
    Claims kept;
    for (std::size_t i = 0; i < entry->second.targets.size(); ++i) {
      const std::size_t saved = entry->second.targets[i];
      if (saved < places.size() && places[saved] && *places[saved] < targets) {
        kept.targets.push_back(*places[saved]);
        kept.since.push_back(entry->second.since[i]);
      }
    }
    entry->second = std::move(kept);
    entry = entry->second.targets.empty() ? claims_.erase(entry) : std::next(entry);
  }
  targets_ = listless;
}

}  // namespace isthmus::collector
