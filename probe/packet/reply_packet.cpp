#include "probe/packet/reply_packet.hpp"

#include <algorithm>
#include <array>

#include "probe/packet/checksum.hpp"
#include "probe/packet/icmp_extension.hpp"

namespace isthmus::probe {
namespace {

constexpr std::size_t kIcmpHeader = 8;
constexpr std::size_t kTcpHeader = 20;
/// RFC 792: eight bytes of the transport header are quoted at least.
constexpr std::size_t kShortestQuote = 8;

ReplyKind unreachable_v4(std::uint8_t code) {
  switch (code) {
    case 0:
    case 6:
    case 11:
      return ReplyKind::NetUnreachable;
    case 1:
    case 7:
    case 8:
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
    case 6:
      return ReplyKind::NetUnreachable;
    case 1:
    case 5:
      return ReplyKind::AdminProhibited;
    case 3:
      return ReplyKind::HostUnreachable;
    case 4:
      return ReplyKind::PortUnreachable;
    default:
      return ReplyKind::OtherUnreachable;
  }
}

/// RFC 792 and 4443: the types that a probe can cause; nothing for all others.
std::optional<ReplyKind> kind_of(Family family, std::uint8_t type, std::uint8_t code) {
  if (family == Family::Ipv4) {
    switch (type) {
      case 0:
        return ReplyKind::EchoReply;
      case 3:
        return unreachable_v4(code);
      case 11:
        return ReplyKind::TimeExceeded;
      case 12:
        return ReplyKind::OtherUnreachable;
      default:
        return std::nullopt;
    }
  }
  switch (type) {
    case 129:
      return ReplyKind::EchoReply;
    case 1:
      return unreachable_v6(code);
    case 2:
      return ReplyKind::PacketTooBig;
    case 3:
      return ReplyKind::TimeExceeded;
    case 4:
      return ReplyKind::OtherUnreachable;
    default:
      return std::nullopt;
  }
}

/// RFC 4884 section 4: the byte after the checksum counts 8-byte words in ICMPv6, the one behind it
/// 4-byte words in ICMP; only some types have it.
std::size_t stated_length(Family family, std::uint8_t type, std::uint32_t rest_of_header) {
  if (family == Family::Ipv6) {
    return type == 1 || type == 3 ? (rest_of_header >> 24) * 8 : 0;
  }
  return type == 3 || type == 11 || type == 12 ? (rest_of_header >> 16 & 0xff) * 4 : 0;
}

bool may_be_extended(Family family, std::uint8_t type) {
  return family == Family::Ipv6 ? type == 1 || type == 3 : type == 3 || type == 11 || type == 12;
}

std::optional<Quote> read_quote(Bytes body, Family family) {
  const auto ip = parse_ip_header(body);
  if (!ip || ip->is_later_fragment || ip->source.family() != family ||
      body.size() < ip->size + kShortestQuote) {
    return std::nullopt;
  }
  // What lies behind the original datagram is padding (RFC 4884). Some routers quote a length that
  // is zero, byte-swapped or without the header, so a short one is not believed.
  Bytes transport = body.subspan(ip->size);
  if (ip->total_length >= ip->size + kShortestQuote && ip->total_length < body.size()) {
    transport = transport.first(ip->total_length - ip->size);
  }
  return Quote{*ip, transport};
}

/// The checksum of an ICMP message that was captured whole.
bool has_good_checksum(const IpHeader& ip, Bytes message) {
  const std::uint64_t pseudo =
      ip.source.is_v4()
          ? 0
          : pseudo_header_sum(ip.source, ip.destination, kProtocolIcmp6, message.size());
  return checksum_of(checksum_add(pseudo, message)) == 0;
}

Result<ReplyPacket, ReplyFault> read_icmp(ReplyPacket reply, Bytes message, bool is_whole) {
  ByteReader reader{message};
  reply.icmp_type = reader.u8();
  reply.icmp_code = reader.u8();
  reader.skip(2);
  const std::uint32_t rest = reader.u32();
  if (!reader.ok()) {
    return unexpected{ReplyFault::Truncated};
  }
  const Family family = reply.ip.source.family();
  const auto kind = kind_of(family, reply.icmp_type, reply.icmp_code);
  if (!kind) {
    return unexpected{ReplyFault::NotAReply};
  }
  if (is_whole && !has_good_checksum(reply.ip, message)) {
    return unexpected{ReplyFault::BadChecksum};
  }
  reply.kind = *kind;
  reply.bytes.transport_header = kIcmpHeader;
  if (*kind == ReplyKind::EchoReply) {
    reply.echo = EchoFields{.id = static_cast<std::uint16_t>(rest >> 16),
                            .sequence = static_cast<std::uint16_t>(rest & 0xffff),
                            .payload = reader.rest()};
    reply.bytes.quote = reader.size();
    return reply;
  }
  if (*kind == ReplyKind::PacketTooBig) {
    reply.mtu = family == Family::Ipv4 ? rest & 0xffff : rest;
  }
  const QuoteSplit split =
      may_be_extended(family, reply.icmp_type)
          ? split_quote(reader.rest(), stated_length(family, reply.icmp_type, rest))
          : QuoteSplit{reader.rest(), {}, {}};
  reply.quote = read_quote(split.quote, family);
  if (!reply.quote) {
    return unexpected{ReplyFault::NoQuote};
  }
  reply.extension = split.extension;
  reply.bytes.quote = split.quote.size();
  reply.bytes.extension = split.extension.size();
  reply.bytes.padding += split.rest.size();
  return reply;
}

Result<ReplyPacket, ReplyFault> read_tcp(ReplyPacket reply, Bytes segment) {
  ByteReader reader{segment};
  TcpFields tcp;
  tcp.source_port = reader.u16();
  tcp.destination_port = reader.u16();
  tcp.sequence = reader.u32();
  tcp.acknowledgment = reader.u32();
  const std::size_t size = std::size_t{4} * (reader.u8() >> 4);
  tcp.flags = reader.u8();
  if (!reader.ok() || size < kTcpHeader || size > segment.size()) {
    return unexpected{ReplyFault::Truncated};
  }
  if ((tcp.flags & kTcpReset) != 0) {
    reply.kind = ReplyKind::TcpReset;
  } else if ((tcp.flags & (kTcpSyn | kTcpAck)) == (kTcpSyn | kTcpAck)) {
    reply.kind = ReplyKind::TcpSynAck;
  } else {
    return unexpected{ReplyFault::NotAReply};
  }
  reply.tcp = tcp;
  reply.bytes.transport_header = size;
  reply.bytes.quote = segment.size() - size;
  return reply;
}

}  // namespace

std::string_view to_string(ReplyFault fault) {
  constexpr std::array<std::string_view, kReplyFaults> kNames{
      "not_ip",    "fragment", "other_protocol", "not_a_reply",
      "truncated", "no_quote", "bad_checksum"};
  return kNames.at(static_cast<std::size_t>(fault));
}

Result<ReplyPacket, ReplyFault> parse_reply(Bytes packet) {
  const auto ip = parse_ip_header(packet);
  if (!ip) {
    return unexpected{ReplyFault::NotIp};
  }
  if (ip->is_later_fragment) {
    return unexpected{ReplyFault::Fragment};
  }
  // The link pads short packets; a length of zero comes with segmentation offload.
  const std::size_t said = std::max<std::size_t>(ip->total_length, ip->size);
  const std::size_t size = std::min(packet.size(), ip->total_length == 0 ? packet.size() : said);
  const Bytes message = packet.first(size).subspan(ip->size);
  ReplyPacket reply;
  reply.ip = *ip;
  reply.bytes.ip_header = ip->size;
  reply.bytes.padding = packet.size() - size;
  const bool is_v4 = ip->source.is_v4();
  if (ip->protocol == (is_v4 ? kProtocolIcmp : kProtocolIcmp6)) {
    return read_icmp(reply, message, packet.size() >= said && !ip->is_fragment);
  }
  if (ip->protocol == kProtocolTcp) {
    return read_tcp(reply, message);
  }
  return unexpected{ReplyFault::OtherProtocol};
}

}  // namespace isthmus::probe
