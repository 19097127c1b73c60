#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/route/hop.hpp"
#include "probe/packet/ip_header.hpp"

namespace isthmus::probe {

/// Why a packet is no reply that could be read.
enum class ReplyFault : std::uint8_t {
  NotIp,          ///< neither IPv4 nor IPv6, or cut off inside its header
  Fragment,       ///< a later fragment has no transport header
  OtherProtocol,  ///< not ICMP, ICMPv6 of the right family, or TCP
  NotAReply,      ///< ICMP that is neither error nor echo reply, TCP that answers no SYN or ACK
  Truncated,      ///< cut off inside its ICMP or TCP header
  NoQuote,        ///< an ICMP error whose quotation holds no IP header and 8 bytes behind it
  BadChecksum,    ///< an ICMP message that is whole and whose checksum is wrong
};
constexpr std::size_t kReplyFaults = 7;

/// "not_ip", "fragment", "other_protocol", "not_a_reply", "truncated", "no_quote", "bad_checksum".
std::string_view to_string(ReplyFault fault);

/// What an ICMP error quotes of the packet that caused it.
struct Quote {
  IpHeader ip;
  Bytes transport;  ///< from the transport header on; eight bytes at least, padding perhaps
};

/// An echo reply's identifier, sequence and payload.
struct EchoFields {
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
  Bytes payload;
};

/// The parts of a TCP header that tell which probe it answers.
struct TcpFields {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;
  std::uint8_t flags = 0;
};

/// TCP header flags.
inline constexpr std::uint8_t kTcpFin = 1;
inline constexpr std::uint8_t kTcpSyn = 2;
inline constexpr std::uint8_t kTcpReset = 4;
inline constexpr std::uint8_t kTcpAck = 16;

/// Where each byte of the input went; the five add up to its size.
struct ReplyBytes {
  std::size_t ip_header = 0;
  std::size_t transport_header = 0;
  std::size_t quote = 0;  ///< or the payload of an echo reply or TCP segment
  std::size_t extension = 0;
  std::size_t padding = 0;  ///< link-layer padding, and what followed a quotation without meaning

  [[nodiscard]] std::size_t sum() const {
    return ip_header + transport_header + quote + extension + padding;
  }
};

/// A reply to some probe, ours or not, as a view into the packet it was read from.
struct ReplyPacket {
  IpHeader ip;
  ReplyKind kind = ReplyKind::TimeExceeded;
  std::uint8_t icmp_type = 0;
  std::uint8_t icmp_code = 0;
  std::uint32_t mtu = 0;  ///< of a packet-too-big
  std::optional<Quote> quote;
  std::optional<EchoFields> echo;
  std::optional<TcpFields> tcp;
  Bytes extension;  ///< for ExtensionReader; empty if there is none
  ReplyBytes bytes;
};

/// Reads an IP packet, which may be cut off by the capture or padded by the link. Never throws and
/// never looks past the span; what comes back points into it.
Result<ReplyPacket, ReplyFault> parse_reply(Bytes packet);

}  // namespace isthmus::probe
