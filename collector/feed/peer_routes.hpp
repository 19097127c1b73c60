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

/// What is behind the first 64 bits of the address in a key. Nearly all routes have a prefix of at
/// most 64 bits and no path id, and so the short form.
struct PlainRest {
  std::uint8_t length;
  friend auto operator<=>(const PlainRest&, const PlainRest&) = default;
};
struct WideRest {
  std::uint64_t low;
  std::uint8_t length;
  std::uint32_t path_id;
  friend auto operator<=>(const WideRest&, const WideRest&) = default;
};
/// A route as it is stored: 16 octets.
struct StoredRoute {
  const StoredPath* path;
  std::uint32_t since;  ///< seconds since 1970
  std::uint16_t generation;
};

/// The routes of one peer in one address family: (prefix, path id) to path.
///
/// A route belongs to a generation. To forget all routes, or those that a refresh did not name
/// again, a generation is declared gone: that costs nothing, and `sweep` gives the memory back
/// later in steps as small as its caller likes.
class PeerRoutes {
 public:
  /// `bytes` is a counter of the owner's, to which the routes add what they take of the heap.
  PeerRoutes(Family family, std::size_t* bytes) : plain_{bytes}, wide_{bytes}, family_{family} {}

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
    OrderedTable<PlainRest, StoredRoute>::Place plain_;
    OrderedTable<WideRest, StoredRoute>::Place wide_;
    bool has_plain_;
    bool has_wide_;
    bool at_plain_ = false;
    bool done_ = false;
    RouteEntry entry_;
  };

 private:
  using Plain = OrderedTable<PlainRest, StoredRoute>;
  using Wide = OrderedTable<WideRest, StoredRoute>;

  template <typename Table>
  RouteChange announce_in(Table& table, const typename Table::Key& key, const StoredRoute& route,
                          PathPool& pool);
  template <typename Table>
  RouteChange withdraw_in(Table& table, const typename Table::Key& key, PathPool& pool);
  [[nodiscard]] bool is_live(const StoredRoute& route) const { return route.generation >= oldest_; }
  [[nodiscard]] bool is_stale(const StoredRoute& route) const {
    return refreshing_ && route.generation != generation_;
  }
  void next_generation();
  void renumber();

  Plain plain_;
  Wide wide_;
  std::size_t live_ = 0;
  std::size_t fresh_ = 0;         ///< of them, those of this generation: kept during a refresh
  std::uint16_t generation_ = 0;  ///< of what is announced now
  std::uint16_t oldest_ = 0;      ///< what is of an older generation is gone
  Family family_;
  bool refreshing_ = false;
  bool needs_sweep_ = false;
  bool sweeping_wide_ = false;
  Plain::Key plain_from_{};  ///< where to sweep on
  Wide::Key wide_from_{};
};

}  // namespace isthmus::collector
