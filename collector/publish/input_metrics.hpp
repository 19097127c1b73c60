#pragma once

#include "collector/publish/metric_sink.hpp"
#include "collector/publish/snapshot.hpp"

namespace isthmus::collector {

/// The series of probes and feeds: a part of `visit_snapshot`.
void visit_inputs(const Snapshot& snapshot, MetricSink& sink);

}  // namespace isthmus::collector
