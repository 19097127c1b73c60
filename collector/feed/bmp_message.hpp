#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "collector/feed/bgp_attributes.hpp"
#include "core/base/bytes.hpp"
#include "core/base/time.hpp"
#include "core/net/address.hpp"
#include "core/net/asn.hpp"

namespace isthmus::collector {

/// Message types (RFC 7854 section 4.1).
enum class BmpType : std::uint8_t {
  RouteMonitoring = 0,
  StatisticsReport = 1,
  PeerDown = 2,
  PeerUp = 3,
  Initiation = 4,
  Termination = 5,
  RouteMirroring = 6,
};
inline constexpr std::size_t kBmpTypes = 7;

/// "route_monitoring" to "route_mirroring".
std::string_view to_string(BmpType type);

/// Which of a router's tables a route is in (RFC 7854 section 2, RFC 8671, RFC 9069).
enum class BmpView : std::uint8_t { PrePolicy, PostPolicy, LocRib, AdjRibOutPre, AdjRibOutPost };
inline constexpr std::size_t kBmpViews = 5;

/// "pre_policy", "post_policy", "loc_rib", "adj_rib_out_pre" or "adj_rib_out_post".
std::string_view to_string(BmpView view);

/// Which table of the router a view belongs to, the best witness first: 0 Adj-RIB-In, 1 Loc-RIB,
/// 2 Adj-RIB-Out.
constexpr std::uint8_t bmp_table(BmpView view) {
  return view <= BmpView::PostPolicy ? 0 : view == BmpView::LocRib ? 1 : 2;
}

/// What a peer is (RFC 7854 section 4.2, RFC 9069 section 4.1).
enum class BmpPeerType : std::uint8_t { Global = 0, Distinguished = 1, Local = 2, LocRib = 3 };

/// The per-peer header (RFC 7854 section 4.2).
struct BmpPeer {
  std::uint8_t type = 0;   ///< a BmpPeerType, or of a later standard
  std::uint8_t flags = 0;  ///< as they came; what they say is below
  std::uint64_t distinguisher = 0;
  IpAddress address;
  Asn asn;
  std::uint32_t bgp_id = 0;
  TimePoint time;  ///< when the router received the routes; 1970 if it does not say

  [[nodiscard]] bool is_loc_rib() const {
    return type == static_cast<std::uint8_t>(BmpPeerType::LocRib);
  }
  [[nodiscard]] BmpView view() const;
  /// How AS_PATH is written: the A flag stands for two octets.
  [[nodiscard]] AsnWidth width() const;
};

/// A message with its headers read; what follows is still bytes, which last as long as the input.
struct BmpMessage {
  std::uint8_t version = 3;
  std::uint8_t type = 0;  ///< a BmpType, or unknown
  std::optional<BmpPeer> peer;
  Bytes body;
};

/// Reads a message that BmpFramer has cut; nothing if it is too short for its headers.
std::optional<BmpMessage> parse_bmp(Bytes message);

/// A field of type, length and value.
struct BmpTlv {
  std::uint16_t type = 0;
  Bytes value;
};
/// The next field; nothing if the rest is too short for what it claims.
std::optional<BmpTlv> next_bmp_tlv(ByteReader& reader);

/// Families of ADD-PATH that a BGP speaker can send or receive (RFC 7911 section 4), for unicast.
struct AddPathAbility {
  bool send_v4 = false;
  bool receive_v4 = false;
  bool send_v6 = false;
  bool receive_v6 = false;
  friend bool operator==(const AddPathAbility&, const AddPathAbility&) = default;
};

/// What matters of an OPEN (RFC 4271 section 4.2, RFC 5492, RFC 6793).
struct BgpOpen {
  Asn asn;  ///< that of the capability, if there is one
  std::uint16_t hold_time = 0;
  std::uint32_t bgp_id = 0;
  bool has_four_octet_asn = false;
  AddPathAbility add_path;
};
/// Reads an OPEN behind its header; nothing if it is malformed.
std::optional<BgpOpen> parse_bgp_open(Bytes body);

/// A BGP message behind its header, taken off the front of a reader.
struct BgpPdu {
  std::uint8_t type = 0;
  Bytes body;
};
std::optional<BgpPdu> next_bgp_pdu(ByteReader& reader);

/// Peer Up Notification (RFC 7854 section 4.10).
struct BmpPeerUp {
  IpAddress local_address;
  std::uint16_t local_port = 0;
  std::uint16_t remote_port = 0;
  BgpOpen sent;
  BgpOpen received;
  std::string_view table_name;  ///< VRF or table (RFC 9069 section 5.2), unchecked text
  std::size_t skipped = 0;      ///< bytes of information that is not understood
  std::size_t unknown_fields = 0;
};
std::optional<BmpPeerUp> parse_bmp_peer_up(Bytes body, const BmpPeer& peer);

/// Peer Down Notification (RFC 7854 section 4.9, RFC 9069 section 5.3).
struct BmpPeerDown {
  std::uint8_t reason = 0;        ///< 1 to 6; anything else is of a later standard
  std::uint16_t fsm_event = 0;    ///< of reason 2
  std::uint8_t notification = 0;  ///< error code and subcode, of reasons 1 and 3
  std::uint8_t notification_sub = 0;
  std::size_t skipped = 0;  ///< bytes that could not be used
};
std::optional<BmpPeerDown> parse_bmp_peer_down(Bytes body);
/// "local_notification", "local_no_notification", "remote_notification", "remote_no_notification",
/// "deconfigured", "local_system_closed" or "unknown".
std::string_view peer_down_reason(std::uint8_t reason);

/// Statistics Report (RFC 7854 section 4.8), as far as it says how many routes there are.
struct BmpStatistics {
  std::uint32_t fields = 0;
  std::uint32_t unknown_fields = 0;
  std::size_t skipped = 0;                  ///< bytes of them, or that do not fit
  std::optional<std::uint64_t> adj_rib_in;  ///< type 7
  std::optional<std::uint64_t> loc_rib;     ///< type 8
};
std::optional<BmpStatistics> parse_bmp_statistics(Bytes body);

}  // namespace isthmus::collector
