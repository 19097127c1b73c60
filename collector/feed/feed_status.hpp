#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/route/vantage_point.hpp"

namespace isthmus::collector {

/// The ways in for what routers believe.
enum class FeedKind : std::uint8_t { Bmp, RisLive, Archive, Rtr };

/// "bmp", "ris_live", "archive" or "rtr", as metrics and the configuration say it.
std::string_view to_string(FeedKind kind);

/// How a feed is. Whoever is not Live does not see changes: its silence means nothing.
enum class FeedState : std::uint8_t {
  Waiting,     ///< not connected yet: a router that has not called, a server that is tried
  CatchingUp,  ///< connected, the first table is still on its way
  Live,        ///< connected, and what it tells is up to date
  Lost,        ///< was connected; its last word may be out of date
  Refused,     ///< the other side does not let us in, or sends what cannot be used
  Stopped,     ///< ended by us
};

/// "waiting", "catching_up", "live", "lost", "refused" or "stopped".
std::string_view to_string(FeedState state);

/// How one BGP peer of a feed is.
enum class PeerState : std::uint8_t {
  Up,      ///< the session stands
  Down,    ///< the session ended, and the feed said so
  Silent,  ///< the session is said to stand, but nothing came for longer than its habit
  Stuck,   ///< it tells of some routes what no other peer has believed for long
  Stale,   ///< the feed is lost: routes from before are kept, unconfirmed
};

/// "up", "down", "silent", "stuck" or "stale".
std::string_view to_string(PeerState state);

struct FeedPeerStatus {
  Asn asn;
  IpAddress address;
  std::string view;  ///< BMP: "pre_policy", "post_policy", "loc_rib" or "adj_rib_out"; else empty
  PeerState state = PeerState::Up;
  std::optional<TimePoint> last_message;
  Duration lag{};          ///< between the peer's clock, as the message bears it, and ours
  std::size_t routes = 0;  ///< kept of it now
  friend bool operator==(const FeedPeerStatus&, const FeedPeerStatus&) = default;
};

/// Counters since the process started: they only grow.
struct FeedCounters {
  std::uint64_t messages = 0;
  std::uint64_t elements = 0;  ///< announcements and withdrawals, watched or not
  std::uint64_t bytes = 0;
  std::uint64_t gaps = 0;  ///< times at which messages may have been missed
  std::uint64_t connections = 0;
  std::map<std::string, std::uint64_t, std::less<>> skipped;  ///< messages, by reason
  friend bool operator==(const FeedCounters&, const FeedCounters&) = default;
};

/// How a feed is: what health, metrics and the page show. For BMP a feed is a router.
struct FeedStatus {
  std::string name;  ///< the source of its vantage points: a router's name, "ris-live"
  FeedKind kind = FeedKind::Bmp;
  FeedState state = FeedState::Waiting;
  std::string detail;  ///< for people: why it is not live; empty if it is
  std::vector<FeedPeerStatus> peers;
  FeedCounters counters;
  std::optional<TimePoint> last_message;
  Duration lag{};
  /// Changes of routes may be going on unseen: the feed is not live, is silent against its habit,
  /// or its canary was not seen. Confidence falls; no event comes or goes because of it.
  bool blind = true;
  friend bool operator==(const FeedStatus&, const FeedStatus&) = default;
};

}  // namespace isthmus::collector
