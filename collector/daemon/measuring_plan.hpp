#pragma once

#include <cstddef>
#include <vector>

#include "collector/detect/detector.hpp"
#include "collector/detect/status.hpp"
#include "core/wire/plan_message.hpp"

namespace isthmus::collector {

/// Addresses of a prefix that are traced to, always the same: the first host, and others spread
/// over it.
std::vector<IpAddress> destinations_in(const Prefix& prefix, std::size_t count);

/// What probes are to measure: the watched prefixes of each target, configured or learned.
PlanMessage plan_of(const std::vector<Target>& targets, const std::vector<TargetStatus>& status,
                    Duration interval);

/// A sweep that the detector asks for; nothing to trace if none of the target's prefixes is known.
PlanSweep sweep_of(const SweepRequest& request, std::uint64_t id, const PlanMessage& plan);

}  // namespace isthmus::collector
