#include "collector/feed/rib_decoder.hpp"

#include <utility>

#include "collector/feed/bgp_update.hpp"

namespace isthmus::collector {
namespace {

/// Subtypes of TABLE_DUMP_V2.
enum RibSubtype : std::uint16_t {
  kPeerIndexTable = 1,
  kRibIpv4Unicast = 2,
  kRibIpv6Multicast = 5,
  kRibGeneric = 6,
  kGeoPeerTable = 7,
  kRibIpv4UnicastAddPath = 8,
  kRibGenericAddPath = 12,
};

constexpr std::uint8_t kMulticast = 2;

TimePoint at_seconds(std::uint32_t seconds) {
  return TimePoint{std::chrono::seconds{seconds}};
}

}  // namespace

RibDecoder::RibDecoder(std::string source, Detail detail, PrefixFilter wanted)
    : source_{std::move(source)},
      detail_{detail},
      wanted_{std::move(wanted)} {
  head_.route.kind = RouteKind::Table;
}

void RibDecoder::start(const MrtRecord& record, RecordLog& log) {
  entries_left_ = 0;
  single_pending_ = false;
  packed_ = {};
  head_.route.time = record.time;
  head_.add_path = false;
  head_.originated = TimePoint{};
  width_ = AsnWidth::Four;
  if (record.type == MrtType::TableDump) {
    head_.label = "TABLE_DUMP";
    head_.safi = 1;
    width_ = record.subtype >= 3 ? AsnWidth::Four : AsnWidth::Two;
    head_.route.prefix = Prefix::covering(
        record.subtype == 2 || record.subtype == 4 ? IpAddress::v6(0, 0) : IpAddress::v4(0), 0);
    start_old_table(record.body);
  } else if (record.type != MrtType::TableDumpV2) {
    head_.label = record.type == MrtType::Bgp4mpEt ? "BGP4MP_ET" : "BGP4MP";
    width_ = AsnWidth::Two;
    start_entry(record.body, log);
  } else if (record.subtype == kPeerIndexTable) {
    start_peers(record.body, log);
  } else if (record.subtype >= kRibIpv4Unicast && record.subtype != kGeoPeerTable) {
    set_form(record.subtype);
    start_rib(record.body, log);
  } else {
    log.skip_rest(kNotRoutes, {});
  }
}

void RibDecoder::set_form(std::uint16_t subtype) {
  head_.add_path = subtype >= kRibIpv4UnicastAddPath;
  head_.label = head_.add_path ? "TABLE_DUMP2_AP" : "TABLE_DUMP2";
  const unsigned kind = head_.add_path ? subtype - 6U : subtype;
  if (subtype == kRibGeneric || subtype == kRibGenericAddPath) {
    head_.safi = 0;
  } else {
    head_.safi = kind % 2 == 0 ? 1 : kMulticast;
    head_.route.prefix = Prefix::covering(kind >= 4 ? IpAddress::v6(0, 0) : IpAddress::v4(0), 0);
  }
}

void RibDecoder::start_peers(Bytes body, RecordLog& log) {
  ByteReader reader{body};
  peers_.clear();
  reader.skip(4);
  reader.skip(reader.u16());
  const std::uint16_t count = reader.u16();
  for (std::uint16_t i = 0; i < count && reader.ok(); ++i) {
    const std::uint8_t type = reader.u8();
    reader.skip(4);
    const Family family = (type & 1) != 0 ? Family::Ipv6 : Family::Ipv4;
    VantagePoint peer;
    peer.source = source_;
    peer.address = IpAddress::from_bytes(family, reader.take(address_octets(family)));
    peer.asn = Asn{(type & 2) != 0 ? reader.u32() : reader.u16()};
    if (reader.ok()) {
      peers_.push_back(std::move(peer));
    }
  }
  if (!reader.ok()) {
    log.skip_rest("malformed_record", "the peer index table is cut short");
  } else if (!reader.empty()) {
    log.skip("trailing_bytes", reader.size(), "bytes follow the peer index table");
  }
}

/// RIB_GENERIC (RFC 6396 section 4.3.3): the family is in the record.
bool RibDecoder::read_generic_head(ByteReader& reader, RecordLog& log) {
  const std::uint16_t afi = reader.u16();
  head_.safi = reader.u8();
  if (!reader.ok()) {
    log.skip_rest("malformed_record", "a generic RIB record is cut short");
    return false;
  }
  if (afi < 1 || afi > 2 || head_.safi < 1 || head_.safi > 3) {
    log.skip_rest(kOtherFamily, {});
    return false;
  }
  head_.route.prefix = Prefix::covering(afi == 2 ? IpAddress::v6(0, 0) : IpAddress::v4(0), 0);
  return true;
}

void RibDecoder::start_rib(Bytes body, RecordLog& log) {
  ByteReader reader{body};
  reader.skip(4);
  if (head_.safi == 0 && !read_generic_head(reader, log)) {
    return;
  }
  const std::optional<Nlri> nlri = next_nlri(reader, head_.route.prefix.family(), false);
  const std::uint16_t count = reader.u16();
  if (!nlri || !reader.ok()) {
    log.skip_rest("malformed_record", "the prefix of a RIB record is malformed");
    return;
  }
  head_.route.prefix = nlri->prefix;
  if (wanted_ && !wanted_(nlri->prefix)) {
    return;
  }
  entries_left_ = count;
  entries_ = reader.rest();
}

/// A TABLE_DUMP record has one route; those of RIS until 2001 have many behind one head.
void RibDecoder::start_old_table(Bytes body) {
  ByteReader reader{body};
  reader.skip(4);
  packed_ = reader.rest();
}

bool RibDecoder::next_packed(RecordLog& log) {
  const Family family = head_.route.prefix.family();
  ByteReader reader{packed_};
  const IpAddress address = IpAddress::from_bytes(family, reader.take(address_octets(family)));
  const unsigned bits = reader.u8();
  reader.skip(1);
  head_.originated = at_seconds(reader.u32());
  single_.source = source_;
  single_.address = IpAddress::from_bytes(family, reader.take(address_octets(family)));
  single_.asn = Asn{width_ == AsnWidth::Four ? reader.u32() : reader.u16()};
  const Bytes attributes = reader.take(reader.u16());
  if (!reader.ok() || bits > address_bits(family)) {
    log.skip("malformed_record", packed_.size(), "a TABLE_DUMP record is malformed");
    packed_ = {};
    return false;
  }
  packed_ = reader.rest();
  head_.route.prefix = Prefix::covering(address, bits);
  start_single(attributes, log);
  return true;
}

/// BGP4MP_ENTRY, which RFC 6396 leaves to history: two AS numbers, interface, family, two
/// addresses, view, status, time, then the route.
void RibDecoder::start_entry(Bytes body, RecordLog& log) {
  ByteReader reader{body};
  const Asn peer{reader.u16()};
  reader.skip(4);
  const std::uint16_t peer_afi = reader.u16();
  const Family peer_family = peer_afi == 2 ? Family::Ipv6 : Family::Ipv4;
  single_.source = source_;
  single_.asn = peer;
  single_.address = IpAddress::from_bytes(peer_family, reader.take(address_octets(peer_family)));
  reader.skip(address_octets(peer_family));
  reader.skip(4);
  head_.originated = at_seconds(reader.u32());
  const std::uint16_t afi = reader.u16();
  head_.safi = reader.u8();
  const Bytes next_hop = reader.take(reader.u8());
  const Family family = afi == 2 ? Family::Ipv6 : Family::Ipv4;
  const std::optional<Nlri> nlri = next_nlri(reader, family, false);
  const Bytes attributes = reader.take(reader.u16());
  if (!nlri || !reader.ok() || afi < 1 || afi > 2 || peer_afi < 1 || peer_afi > 2) {
    log.skip_rest("malformed_record", "a BGP4MP_ENTRY record is malformed");
    return;
  }
  head_.route.prefix = nlri->prefix;
  start_single(attributes, log);
  if (single_pending_ && next_hop.size() == address_octets(family)) {
    decoder_.change_result().attributes.next_hop = IpAddress::from_bytes(family, next_hop);
  }
}

void RibDecoder::start_single(Bytes attributes, RecordLog& log) {
  if (wanted_ && !wanted_(head_.route.prefix)) {
    return;
  }
  head_.route.vantage = &single_;
  single_pending_ = decode_entry(attributes, log);
}

bool RibDecoder::decode_entry(Bytes bytes, RecordLog& log) {
  const DecodedAttributes& decoded =
      decoder_.decode(bytes, width_, AttributeDecoder::Form::RibEntry, detail_);
  if (!decoded.malformed.empty()) {
    log.skip("malformed_attributes", bytes.size(), decoded.malformed);
    return false;
  }
  if (decoded.discarded > 0) {
    log.skip("discarded_attribute", decoded.discarded, "an optional attribute is malformed");
  }
  if (decoded.reach && decoded.reach->next_hop &&
      head_.route.prefix.family() == decoded.reach->next_hop->family()) {
    decoder_.change_result().attributes.next_hop = decoded.reach->next_hop;
  }
  return true;
}

bool RibDecoder::next(MrtElement& element, RecordLog& log) {
  while (!single_pending_ && !packed_.empty() && next_packed(log)) {
  }
  if (single_pending_) {
    single_pending_ = false;
    element = head_;
    element.route.attributes = &decoder_.result().attributes;
    return true;
  }
  while (entries_left_ > 0) {
    ByteReader reader{entries_};
    const std::uint16_t index = reader.u16();
    const std::uint32_t originated = reader.u32();
    const std::uint32_t path_id = head_.add_path ? reader.u32() : 0;
    const Bytes attributes = reader.take(reader.u16());
    if (!reader.ok()) {
      log.skip("malformed_record", entries_.size(), "the entries of a RIB record are cut short");
      entries_left_ = 0;
      return false;
    }
    const std::size_t size = entries_.size() - reader.size();
    entries_ = reader.rest();
    if (--entries_left_ == 0 && !entries_.empty()) {
      log.skip("trailing_bytes", entries_.size(), "bytes follow the entries of a RIB record");
    }
    if (index >= peers_.size()) {
      log.skip("unknown_peer", size, "a RIB entry names a peer that the index table does not have");
      continue;
    }
    if (!decode_entry(attributes, log)) {
      continue;
    }
    element = head_;
    element.originated = at_seconds(originated);
    element.route.vantage = &peers_[index];
    element.route.path_id = path_id;
    element.route.attributes = &decoder_.result().attributes;
    return true;
  }
  return false;
}

}  // namespace isthmus::collector
