#pragma once

#include <cstddef>

#include "collector/publish/metric_sink.hpp"
#include "collector/publish/snapshot.hpp"

namespace isthmus::collector {

/// How many series a snapshot may become (detection.md e).
struct MetricLimits {
  std::size_t upstreams = 16;    ///< K, of each target and family; the rest is "other"
  std::size_t prefixes = 64;     ///< of each target and family that get a label
  std::size_t series = 100'000;  ///< of each metric
};

/// Hands every series of the snapshot to the sink, family by family, in the order of
/// `snapshot_metrics`. Labels hold names from the configuration, AS numbers, prefixes and words of
/// closed lists: never an address, a path or an event's id.
void visit_snapshot(const Snapshot& snapshot, const MetricLimits& limits, MetricSink& sink);

}  // namespace isthmus::collector
