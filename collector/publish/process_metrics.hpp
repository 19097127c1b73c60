#pragma once

namespace isthmus::collector {

class MetricSink;

/// The metrics that every exporter has of its process (process_*), read from /proc/self; those that
/// cannot be read are left out.
void visit_process(MetricSink& sink);

}  // namespace isthmus::collector
