#include "collector/feed/bmp_message.hpp"

#include <algorithm>

#include "collector/feed/bgp_update.hpp"

namespace isthmus::collector {
namespace {

/// Peer flags (RFC 7854 section 4.2, RFC 8671 section 4). Those of Loc-RIB have other meanings.
enum Flag : std::uint8_t { kIpv6 = 0x80, kPostPolicy = 0x40, kTwoOctets = 0x20, kAdjRibOut = 0x10 };

bool has_peer_header(std::uint8_t type) {
  switch (static_cast<BmpType>(type)) {
    case BmpType::RouteMonitoring:
    case BmpType::StatisticsReport:
    case BmpType::PeerDown:
    case BmpType::PeerUp:
    case BmpType::RouteMirroring:
      return true;
    case BmpType::Initiation:
    case BmpType::Termination:
      break;
  }
  return false;
}

/// Sixteen octets, of which IPv4 uses the last four.
IpAddress read_address(ByteReader& reader, bool is_v6) {
  const Bytes field = reader.take(16);
  if (field.empty()) {
    return {};
  }
  return is_v6 ? IpAddress::from_bytes(Family::Ipv6, field)
               : IpAddress::from_bytes(Family::Ipv4, field.last(4));
}

BmpPeer read_peer(ByteReader& reader) {
  BmpPeer peer;
  peer.type = reader.u8();
  peer.flags = reader.u8();
  peer.distinguisher = reader.u64();
  peer.address = read_address(reader, !peer.is_loc_rib() && (peer.flags & kIpv6) != 0);
  peer.asn = Asn{reader.u32()};
  peer.bgp_id = reader.u32();
  const std::uint32_t seconds = reader.u32();
  const std::uint32_t microseconds = std::min<std::uint32_t>(reader.u32(), 999'999);
  peer.time = TimePoint{std::chrono::seconds{seconds} + std::chrono::microseconds{microseconds}};
  return peer;
}

void read_add_path(Bytes value, AddPathAbility& ability) {
  ByteReader reader{value};
  while (reader.size() >= 4) {
    const std::uint16_t afi = reader.u16();
    const std::uint8_t safi = reader.u8();
    const std::uint8_t mode = reader.u8();
    if (safi != 1 || mode < 1 || mode > 3) {
      continue;
    }
    const bool receive = (mode & 1) != 0;
    const bool send = (mode & 2) != 0;
    if (afi == 1) {
      ability.send_v4 = ability.send_v4 || send;
      ability.receive_v4 = ability.receive_v4 || receive;
    } else if (afi == 2) {
      ability.send_v6 = ability.send_v6 || send;
      ability.receive_v6 = ability.receive_v6 || receive;
    }
  }
}

void read_capabilities(Bytes value, BgpOpen& open) {
  constexpr std::uint8_t kFourOctetAsn = 65;
  constexpr std::uint8_t kAddPath = 69;
  ByteReader reader{value};
  while (!reader.empty()) {
    const std::uint8_t code = reader.u8();
    const Bytes capability = reader.take(reader.u8());
    if (!reader.ok()) {
      return;
    }
    if (code == kFourOctetAsn && capability.size() == 4) {
      open.asn = Asn{ByteReader{capability}.u32()};
      open.has_four_octet_asn = true;
    } else if (code == kAddPath) {
      read_add_path(capability, open.add_path);
    }
  }
}

}  // namespace

std::string_view to_string(BmpType type) {
  constexpr std::array<std::string_view, kBmpTypes> kNames{
      "route_monitoring", "statistics_report", "peer_down",      "peer_up",
      "initiation",       "termination",       "route_mirroring"};
  return kNames[static_cast<std::size_t>(type)];
}

std::string_view to_string(BmpView view) {
  constexpr std::array<std::string_view, kBmpViews> kNames{"pre_policy", "post_policy", "loc_rib",
                                                           "adj_rib_out_pre", "adj_rib_out_post"};
  return kNames[static_cast<std::size_t>(view)];
}

BmpView BmpPeer::view() const {
  if (is_loc_rib()) {
    return BmpView::LocRib;
  }
  const bool post = (flags & kPostPolicy) != 0;
  if ((flags & kAdjRibOut) != 0) {
    return post ? BmpView::AdjRibOutPost : BmpView::AdjRibOutPre;
  }
  return post ? BmpView::PostPolicy : BmpView::PrePolicy;
}

AsnWidth BmpPeer::width() const {
  return !is_loc_rib() && (flags & kTwoOctets) != 0 ? AsnWidth::Two : AsnWidth::Four;
}

std::optional<BmpMessage> parse_bmp(Bytes message) {
  ByteReader reader{message};
  BmpMessage parsed;
  parsed.version = reader.u8();
  reader.skip(4);
  parsed.type = reader.u8();
  if (has_peer_header(parsed.type)) {
    parsed.peer = read_peer(reader);
  }
  if (!reader.ok()) {
    return std::nullopt;
  }
  parsed.body = reader.rest();
  return parsed;
}

std::optional<BmpTlv> next_bmp_tlv(ByteReader& reader) {
  BmpTlv field;
  field.type = reader.u16();
  field.value = reader.take(reader.u16());
  if (!reader.ok()) {
    return std::nullopt;
  }
  return field;
}

std::optional<BgpPdu> next_bgp_pdu(ByteReader& reader) {
  constexpr std::size_t kHeader = 19;
  reader.skip(16);
  const std::uint16_t length = reader.u16();
  BgpPdu pdu;
  pdu.type = reader.u8();
  if (!reader.ok() || length < kHeader || length - kHeader > reader.size()) {
    return std::nullopt;
  }
  pdu.body = reader.take(length - kHeader);
  return pdu;
}

std::optional<BgpOpen> parse_bgp_open(Bytes body) {
  constexpr std::uint8_t kCapabilities = 2;
  constexpr std::uint8_t kExtended = 255;  // RFC 9072
  ByteReader reader{body};
  BgpOpen open;
  reader.skip(1);
  open.asn = Asn{reader.u16()};
  open.hold_time = reader.u16();
  open.bgp_id = reader.u32();
  std::size_t length = reader.u8();
  bool is_extended = false;
  if (length != 0 && reader.size() >= 3 && reader.rest()[0] == std::byte{kExtended}) {
    reader.skip(1);
    length = reader.u16();
    is_extended = true;
  }
  ByteReader parameters{reader.take(length)};
  if (!reader.ok()) {
    return std::nullopt;
  }
  while (!parameters.empty()) {
    const std::uint8_t type = parameters.u8();
    const Bytes value = parameters.take(is_extended ? parameters.u16() : parameters.u8());
    if (!parameters.ok()) {
      return std::nullopt;
    }
    if (type == kCapabilities) {
      read_capabilities(value, open);
    }
  }
  return open;
}

std::optional<BmpPeerUp> parse_bmp_peer_up(Bytes body, const BmpPeer& peer) {
  constexpr std::uint16_t kTableName = 3;
  constexpr std::uint16_t kString = 0;
  ByteReader reader{body};
  BmpPeerUp up;
  up.local_address = read_address(reader, !peer.is_loc_rib() && (peer.flags & kIpv6) != 0);
  up.local_port = reader.u16();
  up.remote_port = reader.u16();
  const std::optional<BgpPdu> sent = next_bgp_pdu(reader);
  const std::optional<BgpPdu> received = sent ? next_bgp_pdu(reader) : std::nullopt;
  constexpr auto kOpen = static_cast<std::uint8_t>(BgpMessageType::Open);
  if (!sent || !received || sent->type != kOpen || received->type != kOpen) {
    return std::nullopt;
  }
  const std::optional<BgpOpen> ours = parse_bgp_open(sent->body);
  const std::optional<BgpOpen> theirs = parse_bgp_open(received->body);
  if (!ours || !theirs) {
    return std::nullopt;
  }
  up.sent = *ours;
  up.received = *theirs;
  while (!reader.empty()) {
    const std::size_t left = reader.size();
    const std::optional<BmpTlv> field = next_bmp_tlv(reader);
    if (!field) {
      up.skipped += left;
      break;
    }
    if (field->type == kTableName) {
      up.table_name = as_text(field->value);
    } else if (field->type != kString) {
      up.skipped += left - reader.size();
      ++up.unknown_fields;
    }
  }
  return up;
}

std::optional<BmpPeerDown> parse_bmp_peer_down(Bytes body) {
  ByteReader reader{body};
  BmpPeerDown down;
  down.reason = reader.u8();
  if (!reader.ok()) {
    return std::nullopt;
  }
  if (down.reason == 1 || down.reason == 3) {
    const std::size_t left = reader.size();
    const std::optional<BgpPdu> pdu = next_bgp_pdu(reader);
    if (!pdu) {
      down.skipped = left;
      return down;
    }
    ByteReader notification{pdu->body};
    down.notification = notification.u8();
    down.notification_sub = notification.u8();
  } else if (down.reason == 2) {
    down.fsm_event = reader.u16();
  } else if (down.reason == 6) {
    while (reader.size() >= 4 && next_bmp_tlv(reader)) {
    }
  }
  down.skipped = reader.size();
  return down;
}

std::string_view peer_down_reason(std::uint8_t reason) {
  constexpr std::array<std::string_view, 7> kNames{"unknown",
                                                   "local_notification",
                                                   "local_no_notification",
                                                   "remote_notification",
                                                   "remote_no_notification",
                                                   "deconfigured",
                                                   "local_system_closed"};
  return reason < kNames.size() ? kNames[reason] : kNames[0];
}

std::optional<BmpStatistics> parse_bmp_statistics(Bytes body) {
  constexpr std::uint16_t kAdjRibIn = 7;
  constexpr std::uint16_t kLocRib = 8;
  constexpr std::uint16_t kLastKnown = 17;  // RFC 7854 and RFC 8671
  ByteReader reader{body};
  BmpStatistics statistics;
  statistics.fields = reader.u32();
  if (!reader.ok()) {
    return std::nullopt;
  }
  while (!reader.empty()) {
    const std::size_t left = reader.size();
    const std::optional<BmpTlv> field = next_bmp_tlv(reader);
    if (!field) {
      statistics.skipped += left;
      break;
    }
    if (field->type > kLastKnown) {
      ++statistics.unknown_fields;
      statistics.skipped += left - reader.size();
    } else if (field->value.size() == 8 && field->type == kAdjRibIn) {
      statistics.adj_rib_in = ByteReader{field->value}.u64();
    } else if (field->value.size() == 8 && field->type == kLocRib) {
      statistics.loc_rib = ByteReader{field->value}.u64();
    }
  }
  return statistics;
}

}  // namespace isthmus::collector
