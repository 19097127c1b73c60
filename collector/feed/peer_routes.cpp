#include "collector/feed/peer_routes.hpp"

#include <algorithm>
#include <limits>

#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr std::uint64_t kOdd = 0xe7037ed1a0b428dbULL;

bool is_plain(const Prefix& prefix, std::uint32_t path_id) {
  return path_id == 0 && prefix.length() <= 64;
}
PlainKey plain_key(const Prefix& prefix) {
  return {prefix.address().high(), static_cast<std::uint8_t>(prefix.length())};
}
WideKey wide_key(const Prefix& prefix, std::uint32_t path_id) {
  return {prefix.address().high(), prefix.address().low(),
          static_cast<std::uint8_t>(prefix.length()), path_id};
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

std::uint64_t PlainEntry::hash(const PlainKey& key, std::uint64_t seed) {
  return fold(key.high ^ seed, kOdd ^ key.length);
}

std::uint64_t WideEntry::hash(const WideKey& key, std::uint64_t seed) {
  const std::uint64_t rest = std::uint64_t{key.path_id} << 8 | key.length;
  return fold(fold(key.high ^ seed, kOdd ^ rest) ^ key.low, kOdd ^ seed);
}

template <typename Entry>
RouteChange PeerRoutes::announce_in(OrderedTable<Entry>& table, const Entry& entry,
                                    PathPool& pool) {
  Entry* const stored = table.find_or_insert(entry);
  if (stored == nullptr) {
    ++live_;
    ++fresh_;
    return RouteChange::New;
  }
  const bool was_live = is_live(stored->generation);
  live_ += was_live ? 0U : 1U;
  fresh_ += stored->generation == generation_ ? 0U : 1U;
  const bool same = stored->path == entry.path;
  pool.release(stored->path);
  stored->path = entry.path;
  stored->since = was_live && same ? stored->since : entry.since;
  stored->generation = generation_;
  return !was_live ? RouteChange::New : same ? RouteChange::Unchanged : RouteChange::Changed;
}

RouteChange PeerRoutes::announce(const Prefix& prefix, std::uint32_t path_id,
                                 const StoredPath* path, TimePoint since, PathPool& pool) {
  const std::uint32_t seconds = whole_seconds(since);
  const std::uint64_t high = prefix.address().high();
  const auto length = static_cast<std::uint8_t>(prefix.length());
  if (is_plain(prefix, path_id)) {
    return announce_in(plain_, PlainEntry{high, path, seconds, generation_, length}, pool);
  }
  const WideEntry entry{high, prefix.address().low(), path, seconds, path_id, generation_, length};
  return announce_in(wide_, entry, pool);
}

template <typename Entry, typename Key>
RouteChange PeerRoutes::withdraw_in(OrderedTable<Entry>& table, const Key& key, PathPool& pool) {
  Entry* const stored = table.find(key);
  if (stored == nullptr) {
    return RouteChange::Absent;
  }
  const std::uint16_t generation = stored->generation;
  pool.release(stored->path);
  table.erase(stored);
  if (!is_live(generation)) {
    return RouteChange::Absent;
  }
  --live_;
  fresh_ -= generation == generation_ ? 1U : 0U;
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
  const auto compact = [this](auto& entry) { entry.generation = is_live(entry.generation); };
  plain_.change_all(compact);
  wide_.change_all(compact);
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
  const auto is_gone = [this, &pool](const auto& entry) {
    if (is_live(entry.generation)) {
      return false;
    }
    pool.release(entry.path);
    return true;
  };
  if (!sweeping_wide_) {
    sweeping_wide_ = plain_.sweep(plain_from_, budget, is_gone);
  }
  needs_sweep_ = !sweeping_wide_ || !wide_.sweep(wide_from_, budget, is_gone);
}

std::optional<RouteEntry> PeerRoutes::find(const Prefix& prefix, std::uint32_t path_id) const {
  const auto look = [&](const auto* entry) -> std::optional<RouteEntry> {
    if (entry == nullptr || !is_live(entry->generation)) {
      return std::nullopt;
    }
    return RouteEntry{prefix, path_id, entry->path, time_of(entry->since),
                      is_stale(entry->generation)};
  };
  return is_plain(prefix, path_id) ? look(plain_.find(plain_key(prefix)))
                                   : look(wide_.find(wide_key(prefix, path_id)));
}

PeerRoutes::Cursor::Cursor(const PeerRoutes& routes, const Prefix& from) : routes_{&routes} {
  if (routes.size() > 0) {  // what is gone need not be stepped over
    // A prefix of more than 64 bits lies behind all plain ones that begin as it does.
    PlainKey first = plain_key(from);
    first.length = std::min<std::uint8_t>(first.length, 65);
    plain_ = {routes.plain_, first};
    wide_ = {routes.wide_, wide_key(from, 0)};
  }
  settle();
}

void PeerRoutes::Cursor::settle() {
  while (plain_.get() != nullptr && !routes_->is_live(plain_.get()->generation)) {
    plain_.advance();
  }
  while (wide_.get() != nullptr && !routes_->is_live(wide_.get()->generation)) {
    wide_.advance();
  }
  load();
}

void PeerRoutes::Cursor::load() {
  const PlainEntry* const plain = plain_.get();
  const WideEntry* const wide = wide_.get();
  done_ = plain == nullptr && wide == nullptr;
  if (done_) {
    return;
  }
  at_plain_ = wide == nullptr ||
              (plain != nullptr && WideKey{plain->high, 0, plain->length, 0} < wide->key());
  const auto take = [this](const auto& entry, std::uint64_t low, std::uint32_t path_id) {
    entry_ = {prefix_of(routes_->family_, entry.high, low, entry.length), path_id, entry.path,
              time_of(entry.since), routes_->is_stale(entry.generation)};
  };
  if (at_plain_) {
    take(*plain, 0, 0);
  } else {
    take(*wide, wide->low, wide->path_id);
  }
}

void PeerRoutes::Cursor::advance() {
  if (done_) {
    return;
  }
  if (at_plain_) {
    plain_.advance();
  } else {
    wide_.advance();
  }
  settle();
}

}  // namespace isthmus::collector
