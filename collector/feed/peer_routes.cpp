#include "collector/feed/peer_routes.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace isthmus::collector {
namespace {

using PlainKey = SplitKey<PlainRest>;
using WideKey = SplitKey<WideRest>;

bool is_plain(const Prefix& prefix, std::uint32_t path_id) {
  return path_id == 0 && prefix.length() <= 64;
}
PlainKey plain_key(const Prefix& prefix) {
  return {prefix.address().high(), {static_cast<std::uint8_t>(prefix.length())}};
}
WideKey wide_key(const Prefix& prefix, std::uint32_t path_id) {
  return {prefix.address().high(),
          {prefix.address().low(), static_cast<std::uint8_t>(prefix.length()), path_id}};
}

Prefix prefix_of(Family family, std::uint64_t high, std::uint64_t low, unsigned length) {
  const IpAddress address = family == Family::Ipv4
                                ? IpAddress::v4(static_cast<std::uint32_t>(high >> 32))
                                : IpAddress::v6(high, low);
  return Prefix::covering(address, length);
}

std::uint32_t whole_seconds(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(seconds, 0, std::numeric_limits<std::uint32_t>::max()));
}
TimePoint time_of(std::uint32_t seconds) {
  return TimePoint{std::chrono::seconds{seconds}};
}

}  // namespace

template <typename Table>
RouteChange PeerRoutes::announce_in(Table& table, const typename Table::Key& key,
                                    const StoredRoute& route, PathPool& pool) {
  const auto place = table.locate(key);
  if (!place.found) {
    table.insert(place, key, route);
    ++live_;
    ++fresh_;
    return RouteChange::New;
  }
  StoredRoute& stored = table.at(place);
  const bool was_live = is_live(stored);
  live_ += was_live ? 0U : 1U;
  fresh_ += stored.generation == generation_ ? 0U : 1U;
  const bool same = stored.path == route.path;
  pool.release(stored.path);
  const std::uint32_t since = was_live && same ? stored.since : route.since;
  stored = route;
  stored.since = since;
  return !was_live ? RouteChange::New : same ? RouteChange::Unchanged : RouteChange::Changed;
}

RouteChange PeerRoutes::announce(const Prefix& prefix, std::uint32_t path_id,
                                 const StoredPath* path, TimePoint since, PathPool& pool) {
  const StoredRoute route{path, whole_seconds(since), generation_};
  return is_plain(prefix, path_id) ? announce_in(plain_, plain_key(prefix), route, pool)
                                   : announce_in(wide_, wide_key(prefix, path_id), route, pool);
}

template <typename Table>
RouteChange PeerRoutes::withdraw_in(Table& table, const typename Table::Key& key, PathPool& pool) {
  const auto place = table.locate(key);
  if (!place.found) {
    return RouteChange::Absent;
  }
  const StoredRoute gone = table.at(place);
  table.erase(place);
  pool.release(gone.path);
  if (!is_live(gone)) {
    return RouteChange::Absent;
  }
  --live_;
  fresh_ -= gone.generation == generation_ ? 1U : 0U;
  return RouteChange::Withdrawn;
}

RouteChange PeerRoutes::withdraw(const Prefix& prefix, std::uint32_t path_id, PathPool& pool) {
  return is_plain(prefix, path_id) ? withdraw_in(plain_, plain_key(prefix), pool)
                                   : withdraw_in(wide_, wide_key(prefix, path_id), pool);
}

void PeerRoutes::next_generation() {
  if (generation_ == std::numeric_limits<std::uint16_t>::max()) {
    renumber();
  }
  ++generation_;
  fresh_ = 0;
}

/// The numbers have run out, after 65,535 refreshes or ends of the session: all that is left of the
/// past becomes one generation. What is gone stays gone, and is swept as ever.
void PeerRoutes::renumber() {
  const auto compact = [this](auto& table) {
    typename std::remove_reference_t<decltype(table)>::Key from{};
    std::size_t all = std::numeric_limits<std::size_t>::max();
    table.sweep(from, all, [this](StoredRoute& route) {
      route.generation = is_live(route) ? 1 : 0;
      return false;
    });
  };
  compact(plain_);
  compact(wide_);
  generation_ = oldest_ = 1;
}

void PeerRoutes::begin_refresh() {
  next_generation();
  refreshing_ = true;
}

std::size_t PeerRoutes::end_refresh() {
  if (!refreshing_) {
    return 0;
  }
  refreshing_ = false;
  const std::size_t gone = live_ - fresh_;
  live_ = fresh_;
  if (gone > 0) {
    oldest_ = generation_;
    needs_sweep_ = true;
    sweeping_wide_ = false;
    plain_from_ = {};
    wide_from_ = {};
  }
  return gone;
}

std::size_t PeerRoutes::clear() {
  if (live_ == 0) {
    refreshing_ = false;
    return 0;
  }
  begin_refresh();
  return end_refresh();
}

void PeerRoutes::sweep(std::size_t& budget, PathPool& pool) {
  if (!needs_sweep_) {
    return;
  }
  const auto is_gone = [this, &pool](const StoredRoute& route) {
    if (is_live(route)) {
      return false;
    }
    pool.release(route.path);
    return true;
  };
  if (!sweeping_wide_) {
    sweeping_wide_ = plain_.sweep(plain_from_, budget, is_gone);
  }
  needs_sweep_ = !sweeping_wide_ || !wide_.sweep(wide_from_, budget, is_gone);
}

std::optional<RouteEntry> PeerRoutes::find(const Prefix& prefix, std::uint32_t path_id) const {
  const auto look = [&](const auto& table, const auto& key) -> std::optional<RouteEntry> {
    const auto place = table.locate(key);
    if (!place.found || !is_live(table.at(place))) {
      return std::nullopt;
    }
    const StoredRoute& route = table.at(place);
    return RouteEntry{prefix, path_id, route.path, time_of(route.since), is_stale(route)};
  };
  return is_plain(prefix, path_id) ? look(plain_, plain_key(prefix))
                                   : look(wide_, wide_key(prefix, path_id));
}

PeerRoutes::Cursor::Cursor(const PeerRoutes& routes, const Prefix& from) : routes_{&routes} {
  // The wide key of a prefix's first path lies behind the same prefix without one.
  const PlainKey first{from.address().high(), {static_cast<std::uint8_t>(from.length())}};
  if (routes.size() == 0) {
    has_plain_ = has_wide_ = false;  // what is gone need not be stepped over
  } else {
    has_plain_ = from.length() <= 64 ? routes.plain_.seek(first, plain_)
                                     : routes.plain_.seek({first.high, {65}}, plain_);
    has_wide_ = routes.wide_.seek(wide_key(from, 0), wide_);
  }
  settle();
}

void PeerRoutes::Cursor::settle() {
  while (has_plain_ && !routes_->is_live(routes_->plain_.at(plain_))) {
    has_plain_ = routes_->plain_.advance(plain_);
  }
  while (has_wide_ && !routes_->is_live(routes_->wide_.at(wide_))) {
    has_wide_ = routes_->wide_.advance(wide_);
  }
  load();
}

void PeerRoutes::Cursor::load() {
  done_ = !has_plain_ && !has_wide_;
  if (done_) {
    return;
  }
  const auto plain_as_wide = [this] {
    const PlainKey key = routes_->plain_.key_at(plain_);
    return WideKey{key.high, {0, key.rest.length, 0}};
  };
  WideKey key = has_wide_ ? routes_->wide_.key_at(wide_) : plain_as_wide();
  at_plain_ = has_plain_ && (!has_wide_ || plain_as_wide() < key);
  if (at_plain_) {
    key = plain_as_wide();
  }
  const StoredRoute& route = at_plain_ ? routes_->plain_.at(plain_) : routes_->wide_.at(wide_);
  entry_ = {prefix_of(routes_->family_, key.high, key.rest.low, key.rest.length), key.rest.path_id,
            route.path, time_of(route.since), routes_->is_stale(route)};
}

void PeerRoutes::Cursor::advance() {
  if (done_) {
    return;
  }
  if (at_plain_) {
    has_plain_ = routes_->plain_.advance(plain_);
  } else {
    has_wide_ = routes_->wide_.advance(wide_);
  }
  settle();
}

}  // namespace isthmus::collector
