#pragma once

#include <map>

#include "collector/detect/lifecycle.hpp"
#include "collector/detect/status.hpp"
#include "collector/detect/upstream_rtt.hpp"

namespace isthmus::collector {

/// What is known of a target at a moment, in numbers.
TargetStatus status_of(const Scene& scene, const Lifecycle& lifecycle, bool unreachable,
                       const std::map<Asn, UpstreamRtt>& rtt);

}  // namespace isthmus::collector
