#pragma once

#include <cstddef>
#include <vector>

#include "collector/feed/adj_rib_in.hpp"

namespace isthmus::collector {

/// Walks the routes of several peers as a RIB dump does: by prefix (IPv4 first), at each prefix by
/// peer in the order that they were given, then by path id. It holds no copy: any change of the
/// state ends the walk, and a new cursor goes on from the prefix that was due.
class RibCursor {
 public:
  struct Entry {
    AdjRibIn::PeerId peer = AdjRibIn::kNoPeer;
    RouteEntry route;
  };

  /// From a prefix, or what comes behind it. The peers must exist.
  RibCursor(const AdjRibIn& rib, const std::vector<AdjRibIn::PeerId>& peers,
            const Prefix& from = Prefix{});

  /// The next route, null at the end; lasts until the next call.
  const Entry* next();

 private:
  struct Source {
    PeerRoutes::Cursor cursor;
    AdjRibIn::PeerId peer;
    std::size_t rank;
  };
  [[nodiscard]] bool is_later(std::size_t left, std::size_t right) const;
  void start(Family family, const Prefix& from);

  const AdjRibIn* rib_;
  std::vector<AdjRibIn::PeerId> peers_;
  std::vector<Source> sources_;
  std::vector<std::size_t> heap_;  ///< of sources that have more
  bool six_is_due_ = false;
  Entry entry_;
};

}  // namespace isthmus::collector
