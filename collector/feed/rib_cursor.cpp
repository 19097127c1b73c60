#include "collector/feed/rib_cursor.hpp"

#include <algorithm>

namespace isthmus::collector {

RibCursor::RibCursor(const AdjRibIn& rib, const std::vector<AdjRibIn::PeerId>& peers,
                     const Prefix& from)
    : rib_{&rib},
      peers_{peers},
      six_is_due_{from.family() == Family::Ipv4} {
  start(from.family(), from);
}

bool RibCursor::is_later(std::size_t left, std::size_t right) const {
  const Prefix& one = sources_[left].cursor.get()->prefix;
  const Prefix& other = sources_[right].cursor.get()->prefix;
  return one != other ? one > other : sources_[left].rank > sources_[right].rank;
}

void RibCursor::start(Family family, const Prefix& from) {
  sources_.clear();
  heap_.clear();
  for (std::size_t i = 0; i < peers_.size(); ++i) {
    PeerRoutes::Cursor cursor{rib_->routes(peers_[i], family), from};
    if (cursor.get() != nullptr) {
      heap_.push_back(sources_.size());
      sources_.push_back({cursor, peers_[i], i});
    }
  }
  const auto later = [this](std::size_t left, std::size_t right) { return is_later(left, right); };
  std::make_heap(heap_.begin(), heap_.end(), later);
}

const RibCursor::Entry* RibCursor::next() {
  const auto later = [this](std::size_t left, std::size_t right) { return is_later(left, right); };
  while (heap_.empty()) {
    if (!six_is_due_) {
      return nullptr;
    }
    six_is_due_ = false;
    start(Family::Ipv6, Prefix::covering(IpAddress::v6(0, 0), 0));
  }
  std::pop_heap(heap_.begin(), heap_.end(), later);
  Source& source = sources_[heap_.back()];
  entry_.peer = source.peer;
  entry_.route = *source.cursor.get();
  source.cursor.advance();
  if (source.cursor.get() == nullptr) {
    heap_.pop_back();
  } else {
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  return &entry_;
}

}  // namespace isthmus::collector
