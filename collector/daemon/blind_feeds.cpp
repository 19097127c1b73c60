#include "collector/daemon/blind_feeds.hpp"

#include <algorithm>
#include <cstddef>

namespace isthmus::collector {
namespace {

/// The part of peers with routes of watched networks whose feeds see; 1 if there are none.
double seeing_part(const std::vector<FeedStatus>& feeds) {
  std::size_t all = 0;
  std::size_t seeing = 0;
  for (const FeedStatus& feed : feeds) {
    const auto peers = static_cast<std::size_t>(
        std::count_if(feed.peers.begin(), feed.peers.end(),
                      [](const FeedPeerStatus& peer) { return peer.routes > 0; }));
    all += peers;
    seeing += feed.blind ? 0 : peers;
  }
  return all == 0 ? 1.0 : static_cast<double>(seeing) / static_cast<double>(all);
}

bool is_measured(const UpstreamStatus& upstream) {
  return std::any_of(upstream.planes.begin(), upstream.planes.end(), [](const PlaneShare& each) {
    return each.plane == Plane::Data && each.vantages > 0;
  });
}

}  // namespace

void discount_blind_feeds(std::vector<TargetStatus>& targets,
                          const std::vector<FeedStatus>& feeds) {
  const double part = seeing_part(feeds);
  if (part >= 1.0) {
    return;
  }
  for (TargetStatus& target : targets) {
    for (UpstreamStatus& upstream : target.upstreams) {
      upstream.confidence *= is_measured(upstream) ? (1.0 + part) / 2.0 : part;
    }
  }
}

}  // namespace isthmus::collector
