#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// An object of an ICMP extension structure (RFC 4884) that has no words of its own here.
struct IcmpObject {
  std::uint8_t class_number = 0;
  std::uint8_t type = 0;
  std::vector<std::byte> payload;
  friend bool operator==(const IcmpObject&, const IcmpObject&) = default;
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
  std::uint16_t size = 0;    ///< bytes of the IP packet
  std::uint8_t attempt = 0;  ///< which of the probe packets with this TTL: 0 is the first
  std::uint8_t tos = 0;      ///< of the answer; or traffic class
  std::optional<std::uint8_t> quoted_tos;  ///< TOS inside the quotation
  std::uint16_t ip_id = 0;                 ///< of the answer, IPv4 only
  std::uint16_t mtu = 0;                   ///< of PacketTooBig
  std::uint8_t tcp_flags = 0;
  bool nat = false;  ///< something on the way rewrites the probe packets
  std::vector<MplsLabel> mpls;
  std::vector<IcmpObject> objects;  ///< extension objects other than MPLS
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

/// "time_exceeded", "echo_reply", "port_unreachable", "host_unreachable", "net_unreachable",
/// "admin_prohibited", "other_unreachable", "tcp_syn_ack", "tcp_reset" or "packet_too_big".
std::string_view to_string(ReplyKind kind);

/// The hops of one flow to one address at one time.
struct Traceroute {
  VantagePoint vantage;
  IpAddress source;
  IpAddress destination;
  ProbeMethod method = ProbeMethod::Udp;
  std::uint16_t flow = 0;              ///< Paris flow identifier: all packets hash alike
  std::uint16_t source_port = 0;       ///< or ICMP identifier
  std::uint16_t destination_port = 0;  ///< or ICMP checksum
  std::uint16_t probe_size = 0;        ///< bytes of each probe packet, IP header included
  TimePoint start;
  TimePoint end;
  std::vector<Hop> hops;  ///< ascending TTL; silent ones included
  StopReason stop = StopReason::Completed;
  friend bool operator==(const Traceroute&, const Traceroute&) = default;
};

}  // namespace isthmus
