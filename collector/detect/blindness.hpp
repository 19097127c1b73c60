#pragma once

#include <vector>

#include "collector/detect/status.hpp"

namespace isthmus::collector {

/// Lowers what is told of the confidence in upstreams by what blind feeds hide. `seeing`, 0 to 1:
/// the part of BGP peers whose feeds see, which is what counts of BGP; an upstream that is known
/// from traceroutes too loses half as much. Nothing is decided by it: the detector's own state
/// stays as it is.
void discount_blindness(std::vector<TargetStatus>& targets, double seeing);

}  // namespace isthmus::collector
