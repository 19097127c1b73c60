#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/address.hpp"
#include "core/route/vantage_point.hpp"

namespace isthmus {

/// One entry of an MPLS label stack that a router put into its ICMP answer (RFC 4950).
struct MplsLabel {
  std::uint32_t label = 0;  ///< 20 bits
  std::uint8_t traffic_class = 0;
  bool bottom = false;
  std::uint8_t ttl = 0;
  friend bool operator==(const MplsLabel&, const MplsLabel&) = default;
};

/// What came back, in words that hold for ICMP, ICMPv6 and TCP alike.
enum class ReplyKind : std::uint8_t {
  TimeExceeded,
  EchoReply,
  PortUnreachable,
  HostUnreachable,
  NetUnreachable,
  AdminProhibited,
  OtherUnreachable,
  TcpSynAck,
  TcpReset,
  PacketTooBig,
};

/// One answer to one probe packet. A hop is a TTL and the replies to it: none if it was silent.
struct Reply {
  IpAddress address;
  ReplyKind kind = ReplyKind::TimeExceeded;
  Duration rtt{};
  std::uint8_t reply_ttl = 0;              ///< TTL of the answer when it arrived
  std::optional<std::uint8_t> quoted_ttl;  ///< TTL inside the quotation: not 1 hints at MPLS
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint16_t size = 0;  ///< bytes of the IP packet
  std::vector<MplsLabel> mpls;
  friend bool operator==(const Reply&, const Reply&) = default;
};

struct Hop {
  std::uint8_t ttl = 0;
  std::uint8_t sent = 0;  ///< probe packets sent with this TTL
  std::vector<Reply> replies;
  friend bool operator==(const Hop&, const Hop&) = default;
};

/// Why a trace ended.
enum class StopReason : std::uint8_t {
  Completed,
  Unreachable,
  GapLimit,
  HopLimit,
  Loop,
  Error,
  Cancelled
};

/// "completed", "unreachable", "gap_limit", "hop_limit", "loop", "error" or "cancelled".
std::string_view to_string(StopReason reason);

enum class ProbeMethod : std::uint8_t { Udp, Icmp, TcpSyn, TcpAck };

/// "udp", "icmp", "tcp_syn" or "tcp_ack".
std::string_view to_string(ProbeMethod method);

/// The hops of one flow to one address at one time.
struct Traceroute {
  VantagePoint vantage;
  IpAddress source;
  IpAddress destination;
  ProbeMethod method = ProbeMethod::Udp;
  std::uint16_t flow = 0;  ///< Paris flow identifier: all packets hash alike
  TimePoint start;
  TimePoint end;
  std::vector<Hop> hops;  ///< ascending TTL; silent ones included
  StopReason stop = StopReason::Completed;
  friend bool operator==(const Traceroute&, const Traceroute&) = default;
};

}  // namespace isthmus
