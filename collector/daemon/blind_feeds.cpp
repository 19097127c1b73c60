#include "collector/daemon/blind_feeds.hpp"

#include <algorithm>
#include <cstddef>

namespace isthmus::collector {

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

}  // namespace isthmus::collector
