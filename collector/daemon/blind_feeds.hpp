#pragma once

#include <vector>

#include "collector/feed/feed_status.hpp"

namespace isthmus::collector {

/// The part of BGP peers with routes of watched networks whose feeds see, 0 to 1; 1 if there are
/// none.
double seeing_part(const std::vector<FeedStatus>& feeds);

}  // namespace isthmus::collector
