#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/route/as_path.hpp"
#include "core/route/vantage_point.hpp"

namespace isthmus {

/// ORIGIN (RFC 4271, section 5.1.1); Missing where a RIB entry has none.
enum class Origin : std::uint8_t { Igp = 0, Egp = 1, Incomplete = 2, Missing = 255 };

/// AGGREGATOR (RFC 4271, section 5.1.7).
struct Aggregator {
  Asn asn;
  IpAddress address;
  friend bool operator==(const Aggregator&, const Aggregator&) = default;
};

/// A large community (RFC 8092).
struct LargeCommunity {
  std::uint32_t global = 0;
  std::uint32_t local_1 = 0;
  std::uint32_t local_2 = 0;
  friend auto operator<=>(const LargeCommunity&, const LargeCommunity&) = default;
};

/// The path attributes of a route, decoded once for all prefixes that share them.
struct RouteAttributes {
  Origin origin = Origin::Missing;
  AsPath as_path;  ///< AS4_PATH already merged in (RFC 6793, section 4.2.3)
  std::optional<IpAddress> next_hop;
  std::optional<std::uint32_t> med;
  std::optional<std::uint32_t> local_pref;
  bool atomic_aggregate = false;
  std::optional<Aggregator> aggregator;
  std::vector<std::uint32_t> communities;  ///< RFC 1997: AS in the upper half
  std::vector<LargeCommunity> large_communities;
  std::optional<Asn> only_to_customer;  ///< OTC, RFC 9234

  /// Forgets everything and keeps the memory.
  void clear();
  friend bool operator==(const RouteAttributes&, const RouteAttributes&) = default;
};

/// What a BGP element says.
enum class RouteKind : std::uint8_t {
  Table,     ///< the peer had this route when a RIB dump was made
  Announce,  ///< the peer's route is now this one
  Withdraw,  ///< the peer has no route to the prefix any more
  PeerUp,    ///< the session reached Established; there is no prefix
  PeerDown,  ///< the session left Established: all routes of the peer are gone; there is no prefix
  /// A dump of the peer's routes of one family begins, and has come to its end whole: other routes
  /// of the family the peer does not have. The prefix is the family's default. Only who asks a feed
  /// for them gets them.
  TableBegin,
  TableEnd,
};

/// One BGP element, the unit in which feeds hand over. It is a view: the vantage point and the
/// attributes belong to the feed and last until the next element is asked for.
struct Route {
  RouteKind kind = RouteKind::Announce;
  TimePoint time;  ///< when the route collector received it
  /// Orders the elements of one source that have the same time.
  std::uint32_t sequence = 0;
  /// Since when the peer has had the route: earlier than `time` for Table, if the dump says so.
  TimePoint since;
  const VantagePoint* vantage = nullptr;
  Prefix prefix;
  std::uint32_t path_id = 0;                    ///< ADD-PATH (RFC 7911), 0 without it
  const RouteAttributes* attributes = nullptr;  ///< null unless Table or Announce
};

}  // namespace isthmus
