#include "probe/packet/link_layer.hpp"

namespace isthmus::probe {
namespace {

// Values of https://www.tcpdump.org/linktypes.html; libpcap's own headers stay out of pure code.
enum LinkType : int {
  Null = 0,
  Ethernet = 1,
  Ppp = 9,
  RawOpenBsd = 12,
  Raw = 101,
  Loop = 108,
  Cooked = 113,
  Ipv4 = 228,
  Ipv6 = 229,
  Cooked2 = 276,
};

constexpr std::uint16_t kEtherIpv4 = 0x0800;
constexpr std::uint16_t kEtherIpv6 = 0x86dd;

bool is_ip(std::uint16_t protocol) {
  return protocol == kEtherIpv4 || protocol == kEtherIpv6;
}

bool is_vlan(std::uint16_t protocol) {
  return protocol == 0x8100 || protocol == 0x88a8 || protocol == 0x9100;
}

/// What follows an EtherType, behind any VLAN tags.
std::optional<Bytes> behind_type(ByteReader& reader, std::uint16_t protocol) {
  while (is_vlan(protocol)) {
    reader.skip(2);
    protocol = reader.u16();
  }
  return reader.ok() && is_ip(protocol) ? std::optional{reader.rest()} : std::nullopt;
}

/// Linux's sll_pkttype: 4 is a packet of this host's.
Direction direction_of(unsigned packet_type) {
  return packet_type == 4 ? Direction::Outgoing : Direction::Incoming;
}

std::optional<LinkFrame> strip_cooked(ByteReader reader) {
  LinkFrame frame;
  frame.direction = direction_of(reader.u16());
  reader.skip(12);
  const std::uint16_t protocol = reader.u16();
  const auto packet = behind_type(reader, protocol);
  if (!packet) {
    return std::nullopt;
  }
  frame.packet = *packet;
  return frame;
}

/// RFC 1661 and 1662: address and control may be left out.
std::optional<LinkFrame> strip_ppp(ByteReader reader) {
  std::uint16_t protocol = reader.u16();
  if (protocol == 0xff03) {
    protocol = reader.u16();
  }
  const bool holds_ip = protocol == 0x0021 || protocol == 0x0057;
  return reader.ok() && holds_ip ? std::optional{LinkFrame{.packet = reader.rest()}} : std::nullopt;
}

std::optional<LinkFrame> strip_cooked2(ByteReader reader) {
  LinkFrame frame;
  const std::uint16_t protocol = reader.u16();
  reader.skip(2);
  frame.interface = reader.u32();
  reader.skip(2);
  frame.direction = direction_of(reader.u8());
  reader.skip(9);
  const auto packet = behind_type(reader, protocol);
  if (!packet) {
    return std::nullopt;
  }
  frame.packet = *packet;
  return frame;
}

}  // namespace

std::optional<LinkFrame> strip_link_layer(int link_type, Bytes frame) {
  ByteReader reader{frame};
  switch (link_type) {
    case Ethernet: {
      reader.skip(12);
      const std::uint16_t protocol = reader.u16();
      const auto packet = behind_type(reader, protocol);
      return packet ? std::optional{LinkFrame{.packet = *packet}} : std::nullopt;
    }
    case Raw:
    case RawOpenBsd:
    case Ipv4:
    case Ipv6:
      return LinkFrame{.packet = frame};
    case Null:
    case Loop:
      reader.skip(4);
      return reader.ok() ? std::optional{LinkFrame{.packet = reader.rest()}} : std::nullopt;
    case Ppp:
      return strip_ppp(reader);
    case Cooked:
      return strip_cooked(reader);
    case Cooked2:
      return strip_cooked2(reader);
    default:
      return std::nullopt;
  }
}

bool knows_link_type(int link_type) {
  switch (link_type) {
    case Ethernet:
    case Ppp:
    case Raw:
    case RawOpenBsd:
    case Ipv4:
    case Ipv6:
    case Null:
    case Loop:
    case Cooked:
    case Cooked2:
      return true;
    default:
      return false;
  }
}

}  // namespace isthmus::probe
