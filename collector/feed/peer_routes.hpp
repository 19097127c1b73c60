#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "collector/feed/ordered_table.hpp"
#include "collector/feed/path_pool.hpp"

namespace isthmus::collector {

/// What an announcement or a withdrawal did to the state.
enum class RouteChange : std::uint8_t {
  New,        ///< there was no route
  Changed,    ///< the route was replaced: an implicit withdrawal
  Unchanged,  ///< the very same route was there: a duplicate
  Withdrawn,  ///< the route was there, and is gone
  Absent,     ///< there was nothing to withdraw
  Refused,    ///< the route is not kept, see AdjRibIn::Limits; one that was there before is gone
  None,       ///< the element was about no single route
};

/// A route as it is handed out.
struct RouteEntry {
  Prefix prefix;
  std::uint32_t path_id = 0;  ///< 0 without ADD-PATH
  const StoredPath* path = nullptr;
  TimePoint since;        ///< when it became this path, in whole seconds
  bool is_stale = false;  ///< left from before a refresh that is under way, not yet confirmed
};

/// Nearly all routes have a prefix of at most 64 bits and no path id, and so the short key and
/// entry: 24 octets.
struct PlainKey {
  std::uint64_t high;  ///< of the address
  std::uint8_t length;
  friend auto operator<=>(const PlainKey&, const PlainKey&) = default;
};
struct PlainEntry {
  std::uint64_t high;
  const StoredPath* path;  ///< null in a free place of the table
  std::uint32_t since;     ///< seconds since 1970
  std::uint16_t generation;
  std::uint8_t length;

  [[nodiscard]] PlainKey key() const { return {high, length}; }
  [[nodiscard]] bool is_free() const { return path == nullptr; }
  static std::uint64_t hash(const PlainKey& key, std::uint64_t seed);
};

/// All other routes: 40 octets.
struct WideKey {
  std::uint64_t high;
  std::uint64_t low;
  std::uint8_t length;
  std::uint32_t path_id;
  friend auto operator<=>(const WideKey&, const WideKey&) = default;
};
struct WideEntry {
  std::uint64_t high;
  std::uint64_t low;
  const StoredPath* path;
  std::uint32_t since;
  std::uint32_t path_id;
  std::uint16_t generation;
  std::uint8_t length;

  [[nodiscard]] WideKey key() const { return {high, low, length, path_id}; }
  [[nodiscard]] bool is_free() const { return path == nullptr; }
  static std::uint64_t hash(const WideKey& key, std::uint64_t seed);
};

/// The routes of one peer in one address family: (prefix, path id) to path.
///
/// A route belongs to a generation. To forget all routes, or those that a refresh did not name
/// again, a generation is declared gone: that costs nothing, and `sweep` gives the memory back
/// later in steps as small as its caller likes.
class PeerRoutes {
 public:
  /// Memory and seed are those of OrderedTable.
  PeerRoutes(Family family, TableMemory* memory, std::uint64_t seed)
      : plain_{memory, seed},
        wide_{memory, seed},
        family_{family} {}

  /// Sets a route. Takes over the caller's reference to the path. `since` is cut to whole seconds
  /// between 1970 and 2106, and kept from before where the path is the same.
  RouteChange announce(const Prefix& prefix, std::uint32_t path_id, const StoredPath* path,
                       TimePoint since, PathPool& pool);
  /// Withdrawn or Absent.
  RouteChange withdraw(const Prefix& prefix, std::uint32_t path_id, PathPool& pool);
  /// Forgets all routes; returns how many.
  std::size_t clear();

  /// What is there becomes stale, until it is announced again or the refresh ends (RFC 4724 section
  /// 4.2, RFC 7313 section 4). Starting again makes all stale again.
  void begin_refresh();
  /// Forgets what is stale; returns how many. Nothing happens if no refresh is under way.
  std::size_t end_refresh();
  [[nodiscard]] bool refreshing() const { return refreshing_; }

  /// Whether forgotten routes still take memory.
  [[nodiscard]] bool needs_sweep() const { return needs_sweep_; }
  /// Gives back the memory of forgotten routes; looks at about as many routes as the budget says,
  /// and takes them off it.
  void sweep(std::size_t& budget, PathPool& pool);

  [[nodiscard]] std::optional<RouteEntry> find(const Prefix& prefix, std::uint32_t path_id) const;
  [[nodiscard]] std::size_t size() const { return live_; }
  [[nodiscard]] std::size_t bytes() const { return plain_.bytes() + wide_.bytes(); }

  /// Walks the routes by prefix, then by path id. Any change of the routes ends the walk; it goes
  /// on with a cursor from the prefix that is due.
  class Cursor {
   public:
    /// From the first route of a prefix, or of what comes behind it.
    Cursor(const PeerRoutes& routes, const Prefix& from);
    /// The route at hand, null at the end.
    [[nodiscard]] const RouteEntry* get() const { return done_ ? nullptr : &entry_; }
    void advance();

   private:
    void load();
    /// Steps over what is gone.
    void settle();

    const PeerRoutes* routes_;
    OrderedTable<PlainEntry>::Walk plain_;
    OrderedTable<WideEntry>::Walk wide_;
    bool at_plain_ = false;
    bool done_ = false;
    RouteEntry entry_;
  };

 private:
  template <typename Entry>
  RouteChange announce_in(OrderedTable<Entry>& table, const Entry& entry, PathPool& pool);
  template <typename Entry, typename Key>
  RouteChange withdraw_in(OrderedTable<Entry>& table, const Key& key, PathPool& pool);
  [[nodiscard]] bool is_live(std::uint16_t generation) const { return generation >= oldest_; }
  [[nodiscard]] bool is_stale(std::uint16_t generation) const {
    return refreshing_ && generation != generation_;
  }
  void next_generation();
  void renumber();

  OrderedTable<PlainEntry> plain_;
  OrderedTable<WideEntry> wide_;
  std::size_t live_ = 0;
  std::size_t fresh_ = 0;         ///< of them, those of this generation: kept during a refresh
  std::uint16_t generation_ = 0;  ///< of what is announced now
  std::uint16_t oldest_ = 0;      ///< what is of an older generation is gone
  Family family_;
  bool refreshing_ = false;
  bool needs_sweep_ = false;
  bool sweeping_wide_ = false;
  PlainKey plain_from_{};  ///< where to sweep on
  WideKey wide_from_{};
};

}  // namespace isthmus::collector
