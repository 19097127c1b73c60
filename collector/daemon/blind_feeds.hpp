#pragma once

#include <vector>

#include "collector/detect/status.hpp"
#include "collector/feed/feed_status.hpp"

namespace isthmus::collector {

/// Lowers what is told of the confidence in upstreams by what blind feeds hide: of BGP only the
/// part of peers counts that belong to feeds which see. An upstream that is known from traceroutes
/// too loses half as much. Nothing is decided by it: the detector's own state stays as it is.
void discount_blind_feeds(std::vector<TargetStatus>& targets, const std::vector<FeedStatus>& feeds);

}  // namespace isthmus::collector
