#include "collector/feed/adj_rib_in.hpp"

#include "core/base/heap.hpp"

namespace isthmus::collector {
namespace {

std::size_t recent_slot(const VantagePoint& vantage, std::size_t slots) {
  return mix(vantage.address.high() ^ vantage.address.low() ^ vantage.asn.value) % slots;
}

}  // namespace

AdjRibIn::AdjRibIn(const Options& options)
    : options_{options},
      pool_{std::make_unique<PathPool>(options.seed)},
      tables_{std::make_unique<TableMemory>()} {
  recent_.fill(kNoPeer);
}

AdjRibIn::~AdjRibIn() = default;

AdjRibIn::PeerId AdjRibIn::find_peer(const VantagePoint& vantage) const {
  const PeerId recent = recent_[recent_slot(vantage, recent_.size())];
  if (has(recent) && !peers_[recent]->is_removed && peers_[recent]->vantage == vantage) {
    return recent;
  }
  const auto found = by_vantage_.find(vantage);
  return found == by_vantage_.end() ? kNoPeer : found->second;
}

AdjRibIn::PeerId AdjRibIn::add_peer(const VantagePoint& vantage) {
  PeerId peer = find_peer(vantage);
  if (peer == kNoPeer) {
    if (by_vantage_.size() >= options_.limits.peers) {
      return kNoPeer;
    }
    if (free_.empty()) {
      free_.push_back(static_cast<PeerId>(peers_.size()));
      peers_.emplace_back();
    }
    peer = free_.back();
    free_.pop_back();
    peers_[peer] = std::make_unique<Peer>(vantage, tables_.get(), options_.seed);
    by_vantage_.emplace(vantage, peer);
  }
  recent_[recent_slot(vantage, recent_.size())] = peer;
  return peer;
}

void AdjRibIn::remove_peer(PeerId peer) {
  if (!has(peer) || peers_[peer]->is_removed) {
    return;
  }
  clear(peer);
  by_vantage_.erase(peers_[peer]->vantage);
  peers_[peer]->is_removed = true;
  recycle(peer);
}

/// Gives the number of a removed peer back when nothing of it is left.
void AdjRibIn::recycle(PeerId peer) {
  const Peer& left = *peers_[peer];
  if (left.is_removed && !left.four.needs_sweep() && !left.six.needs_sweep()) {
    peers_[peer].reset();
    free_.push_back(peer);
  }
}

RouteChange AdjRibIn::apply(const Route& route) {
  const PeerId peer = add_peer(*route.vantage);
  if (peer == kNoPeer) {
    ++refused_.peers;
    return RouteChange::Refused;
  }
  const Family family = route.prefix.family();
  switch (route.kind) {
    case RouteKind::Table:
      if (!table(peer, family).refreshing()) {
        begin_refresh(peer, family);
      }
      return announce(peer, route.prefix, route.path_id, *route.attributes, route.since);
    case RouteKind::Announce:
      return announce(peer, route.prefix, route.path_id, *route.attributes, route.time);
    case RouteKind::Withdraw:
      return withdraw(peer, route.prefix, route.path_id);
    case RouteKind::PeerUp:
    case RouteKind::PeerDown:
      clear(peer);
      break;
    case RouteKind::TableBegin:
      begin_refresh(peer, family);
      break;
    case RouteKind::TableEnd:
      end_refresh(peer, family);
      break;
  }
  return RouteChange::None;
}

RouteChange AdjRibIn::refuse(std::uint64_t& counter, PeerRoutes& routes, const Prefix& prefix,
                             std::uint32_t path_id) {
  ++counter;
  if (routes.withdraw(prefix, path_id, *pool_) == RouteChange::Withdrawn) {
    --size_;
  }
  return RouteChange::Refused;
}

RouteChange AdjRibIn::announce(PeerId peer, const Prefix& prefix, std::uint32_t path_id,
                               const RouteAttributes& attributes, TimePoint since) {
  collect_some();
  PeerRoutes& routes = table(peer, prefix.family());
  const bool is_full = tables_->bytes() + pool_->bytes() >= options_.limits.bytes;
  const std::size_t paths = pool_->size();
  const StoredPath* const path = pool_->acquire(attributes);
  if (path == nullptr) {
    return refuse(refused_.paths, routes, prefix, path_id);
  }
  if (routes.size() >= options_.limits.routes_per_peer && !routes.find(prefix, path_id)) {
    pool_->release(path);
    return refuse(refused_.routes, routes, prefix, path_id);
  }
  if (is_full && (pool_->size() > paths || !routes.find(prefix, path_id))) {
    pool_->release(path);
    return refuse(refused_.memory, routes, prefix, path_id);
  }
  const RouteChange change = routes.announce(prefix, path_id, path, since, *pool_);
  size_ += change == RouteChange::New ? 1U : 0U;
  return change;
}

RouteChange AdjRibIn::withdraw(PeerId peer, const Prefix& prefix, std::uint32_t path_id) {
  collect_some();
  const RouteChange change = table(peer, prefix.family()).withdraw(prefix, path_id, *pool_);
  size_ -= change == RouteChange::Withdrawn ? 1U : 0U;
  return change;
}

/// Lets a table forget, and sees to it that its memory comes back.
std::size_t AdjRibIn::forget(PeerId peer, Family family, std::size_t (PeerRoutes::*how)()) {
  PeerRoutes& routes = table(peer, family);
  const bool waits_already = routes.needs_sweep();
  const std::size_t gone = (routes.*how)();
  size_ -= gone;
  if (routes.needs_sweep() && !waits_already) {
    jobs_.push_back({peer, family});
  }
  return gone;
}

std::size_t AdjRibIn::clear(PeerId peer) {
  return forget(peer, Family::Ipv4, &PeerRoutes::clear) +
         forget(peer, Family::Ipv6, &PeerRoutes::clear);
}

void AdjRibIn::begin_refresh(PeerId peer, Family family) {
  table(peer, family).begin_refresh();
}

std::size_t AdjRibIn::end_refresh(PeerId peer, Family family) {
  return forget(peer, family, &PeerRoutes::end_refresh);
}

bool AdjRibIn::collect(std::size_t budget) {
  while (!jobs_.empty() && budget > 0) {
    const Job job = jobs_.front();
    PeerRoutes& routes = table(job.peer, job.family);
    routes.sweep(budget, *pool_);
    if (!routes.needs_sweep()) {
      jobs_.pop_front();
      recycle(job.peer);
    }
  }
  return jobs_.empty();
}

std::vector<AdjRibIn::PeerId> AdjRibIn::peers() const {
  std::vector<PeerId> list;
  list.reserve(by_vantage_.size());
  for (const auto& [vantage, peer] : by_vantage_) {
    list.push_back(peer);
  }
  return list;
}

const VantagePoint& AdjRibIn::vantage(PeerId peer) const {
  return peers_[peer]->vantage;
}

const PeerRoutes& AdjRibIn::routes(PeerId peer, Family family) const {
  return family == Family::Ipv4 ? peers_[peer]->four : peers_[peer]->six;
}

AdjRibIn::Memory AdjRibIn::memory() const {
  const auto text_bytes = [](const std::string& text) {
    constexpr std::size_t kInPlace = 15;
    return text.capacity() > kInPlace ? heap_bytes(text.capacity() + 1) : 0;
  };
  // A node of the map has a colour and three pointers besides the value.
  constexpr std::size_t kNode = 32 + sizeof(std::pair<const VantagePoint, PeerId>);
  Memory memory;
  memory.routes = tables_->bytes();
  memory.paths = pool_->bytes();
  memory.peers = heap_bytes(peers_) + heap_bytes(free_);
  for (const std::unique_ptr<Peer>& peer : peers_) {
    if (peer != nullptr) {
      memory.peers +=
          heap_bytes(sizeof(Peer)) + heap_bytes(kNode) + 2 * text_bytes(peer->vantage.source);
    }
  }
  return memory;
}

}  // namespace isthmus::collector
