#include "collector/feed/bgp4mp_decoder.hpp"

#include <algorithm>

#include "collector/feed/bgp_update.hpp"

namespace isthmus::collector {
namespace {

/// Subtypes of BGP4MP; of the deprecated ones only the entry survives, which RibDecoder reads.
enum Subtype : std::uint16_t {
  kStateChange = 0,
  kMessage = 1,
  kMessageAs4 = 4,
  kStateChangeAs4 = 5,
  kMessageLocal = 6,
  kMessageAs4Local = 7,
  kMessageAddPath = 8,
  kMessageAs4AddPath = 9,
  kMessageLocalAddPath = 10,
  kMessageAs4LocalAddPath = 11,
};

/// Subtypes of type 5.
enum OldSubtype : std::uint16_t { kOldUpdate = 1, kOldStateChange = 3 };

constexpr std::uint16_t kEstablished = 6;
constexpr std::size_t kBgpHeader = 19;
/// An archive has hundreds of peers; what names more is hostile, and starts over.
constexpr std::size_t kMaxPeers = 65536;

bool is_wide(std::uint16_t subtype) {
  return subtype == kMessageAs4 || subtype == kStateChangeAs4 || subtype == kMessageAs4Local ||
         subtype == kMessageAs4AddPath || subtype == kMessageAs4LocalAddPath;
}
bool is_local(std::uint16_t subtype) {
  return subtype == kMessageLocal || subtype == kMessageAs4Local ||
         subtype == kMessageLocalAddPath || subtype == kMessageAs4LocalAddPath;
}

/// Before a session knows its peer, Zebra, Quagga and FRR leave out interface, family and
/// addresses.
bool is_short_form(Bytes rest, std::uint16_t subtype) {
  if (subtype == kStateChange || subtype == kStateChangeAs4) {
    return rest.size() == 4;
  }
  return rest.size() >= kBgpHeader && std::all_of(rest.begin(), rest.begin() + 16,
                                                  [](std::byte b) { return b == std::byte{255}; });
}

std::string_view label_of(bool extended, bool local, bool add_path) {
  constexpr std::array<std::string_view, 8> kLabels{
      "BGP4MP",    "BGP4MP_AP",    "BGP4MP_LOCAL",    "BGP4MP_LOCAL_AP",
      "BGP4MP_ET", "BGP4MP_ET_AP", "BGP4MP_ET_LOCAL", "BGP4MP_ET_LOCAL_AP"};
  return kLabels[(extended ? 4U : 0U) + (local ? 2U : 0U) + (add_path ? 1U : 0U)];
}

}  // namespace

Bgp4mpDecoder::Bgp4mpDecoder(std::string source, Detail detail, PrefixFilter wanted)
    : source_{std::move(source)},
      update_{detail, std::move(wanted)} {}

const VantagePoint* Bgp4mpDecoder::peer(Asn asn, const IpAddress& address) {
  if (last_peer_ != nullptr && last_peer_->asn == asn && last_peer_->address == address) {
    return last_peer_;
  }
  std::uint64_t key = combine(hash_value(address), asn.value);
  for (;; ++key) {
    const auto found = peers_.find(key);
    if (found == peers_.end()) {
      break;
    }
    if (found->second.asn == asn && found->second.address == address) {
      return last_peer_ = &found->second;
    }
  }
  if (peers_.size() >= kMaxPeers) {
    peers_.clear();
  }
  VantagePoint made;
  made.source = source_;
  made.address = address;
  made.asn = asn;
  return last_peer_ = &peers_.emplace(key, std::move(made)).first->second;
}

void Bgp4mpDecoder::start(const MrtRecord& record, RecordLog& log) {
  update_.clear();
  state_pending_ = false;
  head_ = MrtElement{};
  head_.route.time = head_.originated = record.time;
  ByteReader reader{record.body};
  if (record.type == MrtType::Bgp) {
    head_.label = "BGP";
    start_old_message(reader, record, log);
    return;
  }
  head_.extended = record.type == MrtType::Bgp4mpEt;
  head_.label =
      label_of(head_.extended, is_local(record.subtype), record.subtype >= kMessageAddPath);
  start_message(reader, record, log);
}

void Bgp4mpDecoder::start_message(ByteReader& reader, const MrtRecord& record, RecordLog& log) {
  const bool wide = is_wide(record.subtype);
  Asn asn{wide ? reader.u32() : reader.u16()};
  const Asn other{wide ? reader.u32() : reader.u16()};
  if (is_short_form(reader.rest(), record.subtype)) {
    head_.route.vantage = peer(asn, IpAddress{});
    read_content(reader, record, log);
    return;
  }
  reader.skip(2);
  const std::uint16_t afi = reader.u16();
  const Family family = afi == 2 ? Family::Ipv6 : Family::Ipv4;
  IpAddress address = IpAddress::from_bytes(family, reader.take(address_octets(family)));
  const IpAddress other_address =
      IpAddress::from_bytes(family, reader.take(address_octets(family)));
  if (!reader.ok() || afi < 1 || afi > 2) {
    log.skip_rest("malformed_record", "the head of a BGP4MP record is malformed");
    return;
  }
  if (is_local(record.subtype)) {
    // Sent by the collector itself: the second pair of the record is then its own.
    asn = other;
    address = other_address;
  }
  head_.route.vantage = peer(asn, address);
  read_content(reader, record, log);
}

/// Behind the addresses: two states or a BGP message.
void Bgp4mpDecoder::read_content(ByteReader& reader, const MrtRecord& record, RecordLog& log) {
  if (record.subtype == kStateChange || record.subtype == kStateChangeAs4) {
    if (reader.size() != 4) {
      log.skip_rest("malformed_record", "a state change does not have two states");
      return;
    }
    start_state(reader);
    return;
  }
  reader.skip(16);
  const std::uint16_t length = reader.u16();
  const auto type = static_cast<BgpMessageType>(reader.u8());
  if (!reader.ok() || length < kBgpHeader || length - kBgpHeader > reader.size()) {
    log.skip_rest("malformed_record", "a BGP message is longer than its record");
    return;
  }
  if (type != BgpMessageType::Update) {
    log.skip_rest(kNotRoutes, {});
    return;
  }
  const bool add_path = record.subtype >= kMessageAddPath;
  const Bytes body = reader.take(length - kBgpHeader);
  if (!reader.empty()) {
    log.skip("trailing_bytes", reader.size(), "bytes follow the BGP message");
  }
  update_.start(body,
                {.width = is_wide(record.subtype) ? AsnWidth::Four : AsnWidth::Two,
                 .add_path_v4 = add_path,
                 .add_path_v6 = add_path},
                log);
}

void Bgp4mpDecoder::start_old_message(ByteReader& reader, const MrtRecord& record, RecordLog& log) {
  if (record.subtype != kOldUpdate && record.subtype != kOldStateChange) {
    log.skip_rest(kNotRoutes, {});
    return;
  }
  const Asn asn{reader.u16()};
  const IpAddress address = IpAddress::v4(reader.u32());
  if (record.subtype == kOldUpdate) {
    reader.skip(6);
  }
  if (!reader.ok() || (record.subtype == kOldStateChange && reader.size() != 4)) {
    log.skip_rest("malformed_record", "the head of a type 5 record is malformed");
    return;
  }
  head_.route.vantage = peer(asn, address);
  if (record.subtype == kOldStateChange) {
    start_state(reader);
  } else {
    update_.start(reader.rest(), {.width = AsnWidth::Two}, log);
  }
}

void Bgp4mpDecoder::start_state(ByteReader& reader) {
  head_.is_state = true;
  head_.old_state = reader.u16();
  head_.new_state = reader.u16();
  // Every other step is one of a session that is down; saying so again is harmless.
  head_.route.kind = head_.new_state == kEstablished ? RouteKind::PeerUp : RouteKind::PeerDown;
  state_pending_ = true;
}

bool Bgp4mpDecoder::next(MrtElement& element, RecordLog& /*log*/) {
  if (state_pending_) {
    state_pending_ = false;
    element = head_;
    return true;
  }
  if (!update_.advance()) {
    return false;
  }
  const UpdateDecoder::Element& from = update_.element();
  element = head_;
  element.safi = from.safi;
  element.add_path = from.add_path;
  element.route.kind = from.kind;
  element.route.prefix = from.prefix;
  element.route.path_id = from.path_id;
  element.route.attributes = from.attributes;
  return true;
}

}  // namespace isthmus::collector
