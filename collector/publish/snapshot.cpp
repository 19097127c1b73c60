#include "collector/publish/snapshot.hpp"

#include <algorithm>
#include <utility>

namespace isthmus::collector {

void EventStats::add(const Event& event) {
  EventCount& count = by_target[{event.target, event.type, event.severity}];
  ++count.count;
  count.last = EventMark{event.id, event.time, 1};
  if (!event.first_seen || *event.first_seen > event.time) {
    return;
  }
  const double delay = to_seconds(event.time - *event.first_seen);
  DelayStats& stats = delays[event.type];
  const auto bucket = static_cast<std::size_t>(
      std::lower_bound(kDelayBounds.begin(), kDelayBounds.end(), delay) - kDelayBounds.begin());
  ++stats.counts.at(bucket);
  stats.sum += delay;
  stats.last.at(bucket) = EventMark{event.id, event.time, delay};
}

AsDescription Snapshot::describe(Asn asn) const {
  if (const auto found = ases.find(asn); found != ases.end()) {
    return found->second;
  }
  return describe_others ? describe_others(asn) : AsDescription{};
}

std::shared_ptr<const Snapshot> CurrentSnapshot::get() const {
  const std::scoped_lock lock{mutex_};
  return snapshot_;
}

void CurrentSnapshot::set(std::shared_ptr<const Snapshot> snapshot) {
  const std::scoped_lock lock{mutex_};
  snapshot_ = std::move(snapshot);
}

}  // namespace isthmus::collector
