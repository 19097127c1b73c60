#include "collector/feed/trace_format.hpp"

#include <algorithm>

namespace isthmus::collector {
namespace {

ReplyKind unreachable_v4(std::uint8_t code) {
  switch (code) {
    case 0:
    case 6:
    case 11:
      return ReplyKind::NetUnreachable;
    case 1:
    case 7:
    case 12:
      return ReplyKind::HostUnreachable;
    case 3:
      return ReplyKind::PortUnreachable;
    case 4:
      return ReplyKind::PacketTooBig;
    case 9:
    case 10:
    case 13:
      return ReplyKind::AdminProhibited;
    default:
      return ReplyKind::OtherUnreachable;
  }
}

ReplyKind unreachable_v6(std::uint8_t code) {
  switch (code) {
    case 0:
      return ReplyKind::NetUnreachable;
    case 1:
    case 5:
    case 6:
      return ReplyKind::AdminProhibited;
    case 3:
      return ReplyKind::HostUnreachable;
    case 4:
      return ReplyKind::PortUnreachable;
    default:
      return ReplyKind::OtherUnreachable;
  }
}

}  // namespace

std::optional<ReplyKind> icmp_reply_kind(Family family, std::uint8_t type, std::uint8_t code) {
  if (family == Family::Ipv4) {
    return type == 11  ? std::optional{ReplyKind::TimeExceeded}
           : type == 0 ? std::optional{ReplyKind::EchoReply}
           : type == 3 ? std::optional{unreachable_v4(code)}
                       : std::nullopt;
  }
  return type == 3     ? std::optional{ReplyKind::TimeExceeded}
         : type == 129 ? std::optional{ReplyKind::EchoReply}
         : type == 1   ? std::optional{unreachable_v6(code)}
         : type == 2   ? std::optional{ReplyKind::PacketTooBig}
                       : std::nullopt;
}

std::optional<ReplyKind> tcp_reply_kind(std::uint8_t flags) {
  constexpr std::uint8_t kReset = 0x04;
  constexpr std::uint8_t kSynAck = 0x12;
  if ((flags & kReset) != 0) {
    return ReplyKind::TcpReset;
  }
  return (flags & kSynAck) == kSynAck ? std::optional{ReplyKind::TcpSynAck} : std::nullopt;
}

Hop& hop_at(Traceroute& trace, std::uint8_t ttl) {
  auto place =
      std::lower_bound(trace.hops.begin(), trace.hops.end(), ttl,
                       [](const Hop& hop, std::uint8_t wanted) { return hop.ttl < wanted; });
  if (place == trace.hops.end() || place->ttl != ttl) {
    Hop hop;
    hop.ttl = ttl;
    place = trace.hops.insert(place, std::move(hop));
  }
  return *place;
}

void complete_vantage(VantagePoint& vantage, const TraceFileOptions& options) {
  vantage.plane = Plane::Data;
  if (vantage.source.empty()) {
    vantage.source = options.vantage.source;
  }
  if (vantage.address == IpAddress{}) {
    vantage.address = options.vantage.address;
  }
  if (vantage.asn.value == 0) {
    vantage.asn = options.vantage.asn;
  }
}

}  // namespace isthmus::collector
