#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "probe/deliver/spool.hpp"
#include "probe/deliver/uplink.hpp"
#include "probe/plan/schedule.hpp"
#include "probe/trace/trace_loop.hpp"

namespace isthmus::probe {

struct CollectorMetrics {
  std::string name;
  UplinkStatus status;
  std::uint64_t owed = 0;  ///< batches in the spool
};

struct MetricsInput {
  PlanCounters plan;
  std::size_t destinations = 0;
  std::uint64_t traceroutes = 0;
  TraceCounters trace;
  SpoolCounters spool;
  std::uint64_t spool_disk_bytes = 0;
  std::uint64_t spool_memory_bytes = 0;
  bool spool_writable = true;
  std::vector<CollectorMetrics> collectors;
};

/// What a probe tells Prometheus, in its text format (version 0.0.4).
std::string metrics_text(const MetricsInput& input);

}  // namespace isthmus::probe
