#include "collector/feed/live_rib.hpp"

#include <utility>
#include <vector>

namespace isthmus::collector {
namespace {

Prefix default_route(Family family) {
  return Prefix::covering(family == Family::Ipv4 ? IpAddress::v4(0) : IpAddress::v6(0, 0), 0);
}

bool belongs_to(std::string_view source, std::string_view feed) {
  return source.starts_with(feed) && (source.size() == feed.size() || source[feed.size()] == '/');
}

}  // namespace

LiveRib::LiveRib(Options options)
    : options_{std::move(options)},
      rib_{std::make_unique<AdjRibIn>(options_.rib)} {}

LiveRib::Peer* LiveRib::peer_of(const std::shared_ptr<const VantagePoint>& vantage, bool is_witness,
                                PeerId& id) {
  if (last_ != nullptr && last_->vantage == vantage) {
    id = last_id_;
    return last_;
  }
  id = rib_->add_peer(*vantage);
  if (id == AdjRibIn::kNoPeer) {
    return nullptr;
  }
  Peer& peer = peers_[id];
  if (!peer.vantage || peer.vantage != vantage) {
    peer.vantage = vantage;
    peer.is_witness = is_witness;
  }
  last_id_ = id;
  return last_ = &peer;
}

void LiveRib::take(const Route& route, const std::shared_ptr<const VantagePoint>& vantage,
                   bool is_witness, RouteBatch& changes) {
  if (!sweeps_.empty()) {
    sweep_some(route.time, changes);
  }
  const bool is_route = route.kind == RouteKind::Announce || route.kind == RouteKind::Withdraw;
  if (is_route && !options_.keep_all && !options_.watch.matches(route.prefix)) {
    // What is not watched by prefix may be by its path, or may have been before.
    const bool by_path =
        route.attributes != nullptr && options_.watch.matches(route.attributes->as_path);
    if (!by_path) {
      const PeerId known = rib_->find_peer(*vantage);
      if (known == AdjRibIn::kNoPeer || rib_->routes(known, route.prefix.family()).size() == 0 ||
          !rib_->routes(known, route.prefix.family()).find(route.prefix, route.path_id)) {
        return;
      }
    }
  }
  PeerId id = AdjRibIn::kNoPeer;
  Peer* const peer = peer_of(vantage, is_witness, id);
  if (peer == nullptr) {
    return;  // counted by the table as refused
  }
  if (is_route) {
    take_route(route, id, *peer, changes);
  } else {
    session(route, id, *peer, changes);
  }
}

void LiveRib::take_route(const Route& route, PeerId id, const Peer& peer, RouteBatch& changes) {
  const bool was_there =
      options_.keep_all &&
      rib_->routes(id, route.prefix.family()).find(route.prefix, route.path_id).has_value();
  const RouteChange change =
      route.kind == RouteKind::Announce
          ? rib_->announce(id, route.prefix, route.path_id, *route.attributes, route.time)
          : rib_->withdraw(id, route.prefix, route.path_id);
  if (!peer.is_witness || change == RouteChange::Unchanged || change == RouteChange::Absent) {
    return;
  }
  if (options_.keep_all && !was_there && !is_watched(route.prefix, route.attributes)) {
    return;
  }
  changes.add(route, peer.vantage);
}

void LiveRib::session(const Route& route, PeerId id, Peer& peer, RouteBatch& changes) {
  switch (route.kind) {
    case RouteKind::PeerUp:
      if (peer.held_until) {
        // What it tells now is compared with what it told before.
        peer.held_until.reset();
        peer.refresh_until = route.time + options_.refresh;
        rib_->begin_refresh(id, Family::Ipv4);
        rib_->begin_refresh(id, Family::Ipv6);
        return;
      }
      break;
    case RouteKind::TableEnd:
      if (peer.refresh_until) {
        start_sweep(id, route.prefix.family());
      }
      return;
    case RouteKind::TableBegin:
      rib_->begin_refresh(id, route.prefix.family());
      peer.refresh_until = route.time + options_.refresh;
      return;
    default:
      break;
  }
  peer.held_until.reset();
  peer.refresh_until.reset();
  rib_->apply(route);
  if (peer.is_witness) {
    changes.add(route, peer.vantage);
  }
}

void LiveRib::watch(WatchFilter filter, TimePoint now, RouteBatch& changes) {
  options_.watch = std::move(filter);
  for (const auto& [id, peer] : peers_) {
    if (peer.is_witness) {
      tell_table(id, peer, Family::Ipv4, now, changes);
      tell_table(id, peer, Family::Ipv6, now, changes);
    }
  }
}

void LiveRib::tell_table(PeerId id, const Peer& peer, Family family, TimePoint now,
                         RouteBatch& changes) {
  RouteAttributes attributes;
  Route route;
  route.kind = RouteKind::Table;
  route.time = now;
  route.vantage = peer.vantage.get();
  route.attributes = &attributes;
  for (PeerRoutes::Cursor cursor{rib_->routes(id, family), default_route(family)};
       cursor.get() != nullptr; cursor.advance()) {
    const RouteEntry& entry = *cursor.get();
    entry.path->read(attributes);
    if (is_watched(entry.prefix, &attributes)) {
      route.prefix = entry.prefix;
      route.path_id = entry.path_id;
      route.since = entry.since;
      changes.add(route, peer.vantage);
    }
  }
}

void LiveRib::lost(std::string_view source, TimePoint now) {
  for (auto& [id, peer] : peers_) {
    if (belongs_to(peer.vantage->source, source) && !peer.held_until) {
      peer.held_until = now + options_.hold;
      peer.refresh_until.reset();
    }
  }
}

void LiveRib::regained(std::string_view source) {
  for (auto& [id, peer] : peers_) {
    if (belongs_to(peer.vantage->source, source)) {
      peer.held_until.reset();
    }
  }
}

void LiveRib::end_peer(PeerId id, Peer& peer, TimePoint now, RouteBatch& changes) {
  Route down;
  down.kind = RouteKind::PeerDown;
  down.time = now;
  down.vantage = peer.vantage.get();
  rib_->clear(id);
  peer.held_until.reset();
  peer.refresh_until.reset();
  if (peer.is_witness) {
    changes.add(down, peer.vantage);
  }
}

void LiveRib::tick(TimePoint now, RouteBatch& changes) {
  constexpr std::size_t kRoutes = 4096;
  constexpr Duration kLookEvery = std::chrono::minutes{1};
  for (auto& [id, peer] : peers_) {
    if (peer.held_until && *peer.held_until <= now) {
      end_peer(id, peer, now, changes);
    } else if (peer.refresh_until && *peer.refresh_until <= now) {
      start_sweep(id, Family::Ipv4);
      start_sweep(id, Family::Ipv6);
      peer.refresh_until.reset();
    }
  }
  sweep_some(now, changes);
  rib_->collect(kRoutes);
  if (now >= next_look_) {
    next_look_ = now + kLookEvery;
    look_for_stuck(now);
  }
}

/// At watched prefixes only: what is watched by path is others' business.
void LiveRib::look_for_stuck(TimePoint now) {
  std::map<Prefix, std::set<Asn>> holders;
  std::set<Asn> seeing;
  for (const auto& [id, peer] : peers_) {
    if (!peer.is_witness || peer.held_until) {
      continue;
    }
    for (const auto& [watched, ignored] : options_.watch.prefixes()) {
      const PeerRoutes& routes = rib_->routes(id, watched.family());
      for (PeerRoutes::Cursor cursor{routes, watched}; cursor.get() != nullptr; cursor.advance()) {
        if (!watched.contains(cursor.get()->prefix)) {
          break;
        }
        holders[cursor.get()->prefix].insert(peer.vantage->asn);
        seeing.insert(peer.vantage->asn);
      }
    }
  }
  stuck_.look(holders, seeing.size(), now);
}

void LiveRib::start_sweep(PeerId id, Family family) {
  if (rib_->routes(id, family).refreshing()) {
    sweeps_.push_back({id, family, default_route(family)});
  }
}

/// Looks at some of the routes of the first table that is due.
void LiveRib::sweep_some(TimePoint now, RouteBatch& changes) {
  constexpr std::size_t kRoutes = 256;
  if (sweeps_.empty()) {
    return;
  }
  Sweep& sweep = sweeps_.front();
  const auto found = peers_.find(sweep.peer);
  const PeerRoutes& routes = rib_->routes(sweep.peer, sweep.family);
  if (found == peers_.end() || !routes.refreshing()) {
    sweeps_.pop_front();  // its session has ended meanwhile
    return;
  }
  const Peer& peer = found->second;
  Route gone;
  gone.kind = RouteKind::Withdraw;
  gone.time = now;
  gone.vantage = peer.vantage.get();
  PeerRoutes::Cursor cursor{routes, sweep.from};
  std::size_t looked_at = 0;
  for (; cursor.get() != nullptr; cursor.advance()) {
    const RouteEntry& entry = *cursor.get();
    // A step ends between two prefixes, so that the next one can begin there.
    if (looked_at++ >= kRoutes && entry.prefix != sweep.from) {
      sweep.from = entry.prefix;
      return;
    }
    sweep.from = entry.prefix;
    if (entry.is_stale && peer.is_witness) {
      RouteAttributes attributes;
      entry.path->read(attributes);
      if (is_watched(entry.prefix, &attributes)) {
        gone.prefix = entry.prefix;
        gone.path_id = entry.path_id;
        changes.add(gone, peer.vantage);
      }
    }
  }
  rib_->end_refresh(sweep.peer, sweep.family);
  sweeps_.pop_front();
}

std::size_t LiveRib::routes_of(const VantagePoint& vantage) const {
  const PeerId id = rib_->find_peer(vantage);
  return id == AdjRibIn::kNoPeer
             ? 0
             : rib_->routes(id, Family::Ipv4).size() + rib_->routes(id, Family::Ipv6).size();
}

bool LiveRib::is_held(const VantagePoint& vantage) const {
  const auto found = peers_.find(rib_->find_peer(vantage));
  return found != peers_.end() && found->second.held_until.has_value();
}

}  // namespace isthmus::collector
