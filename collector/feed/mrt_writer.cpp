#include "collector/feed/mrt_writer.hpp"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "collector/feed/attribute_writer.hpp"

namespace isthmus::collector {
namespace {

constexpr std::uint16_t kTableDumpV2 = 13;
constexpr std::uint16_t kPeerIndexTable = 1;
constexpr std::uint16_t kRibIpv4Unicast = 2;
constexpr std::uint16_t kRibIpv6Unicast = 4;
constexpr std::uint16_t kBgp4mpEt = 17;
constexpr std::uint16_t kMessageAs4 = 4;
constexpr std::uint16_t kStateChangeAs4 = 5;

constexpr std::size_t kMrtHeader = 12;
constexpr std::size_t kBgpHeader = 19;
constexpr std::size_t kLongestMessage = 4096;
constexpr std::uint8_t kUpdate = 2;
constexpr std::size_t kLongestPrefix = 17;  // as NLRI

Result<void> check_time(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  if (seconds < 0 || seconds > std::numeric_limits<std::uint32_t>::max()) {
    return fail("the time lies outside of what MRT can say (1970 to 2106)");
  }
  return {};
}

std::uint32_t whole_seconds(TimePoint time) {
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

/// Behind an IPv4 next hop an IPv6 prefix is reached by its mapped form (RFC 4798, section 2).
IpAddress next_hop_for(Family family, const IpAddress& address) {
  return family == Family::Ipv6 && address.is_v4()
             ? IpAddress::v6(0, 0xffff'0000'0000U | address.v4_value())
             : address;
}

std::size_t size_of(const Prefix& prefix) {
  return 1 + (prefix.length() + 7) / 8;
}

/// As many prefixes as `room` octets hold, from the front.
std::span<const Prefix> fitting(std::span<const Prefix> prefixes, std::size_t room) {
  std::size_t count = 0;
  for (; count < prefixes.size() && size_of(prefixes[count]) <= room; ++count) {
    room -= size_of(prefixes[count]);
  }
  return prefixes.first(count);
}

std::vector<Prefix> of_family(std::span<const Prefix> prefixes, Family family) {
  std::vector<Prefix> chosen;
  for (const Prefix& each : prefixes) {
    if (each.family() == family) {
      chosen.push_back(each);
    }
  }
  return chosen;
}

void put_prefixes(ByteWriter& out, std::span<const Prefix> prefixes) {
  for (const Prefix& each : prefixes) {
    put_prefix(out, each);
  }
}

/// Prefixes of one family that are announced with the same attributes.
struct Batch {
  std::vector<Prefix> prefixes;
  IpAddress next_hop;
  Reach reach = Reach::NextHop;
  std::size_t used = 0;  ///< octets of a message that prefixes cannot have; 0 if there are none
};

Batch batch_of(Family family, const RouteAttributes& attributes, const VantagePoint& peer,
               std::span<const Prefix> prefixes) {
  Batch batch{of_family(prefixes, family),
              next_hop_for(family, attributes.next_hop.value_or(peer.address))};
  if (batch.prefixes.empty()) {
    return batch;
  }
  if (family == Family::Ipv6 || !batch.next_hop.is_v4()) {
    batch.reach = Reach::MpReach;
  }
  ByteWriter fixed;
  put_attributes(fixed, attributes, batch.next_hop, batch.reach,
                 std::span{batch.prefixes}.first(1));
  // Four octets are the lengths of the two parts, one more is that which an attribute of more than
  // 255 octets needs.
  batch.used = kBgpHeader + 4 + 1 + fixed.size();
  return batch;
}

}  // namespace

std::size_t MrtWriter::begin(TimePoint time, std::uint16_t type, std::uint16_t subtype) {
  const std::size_t start = out_.size();
  out_.u32(whole_seconds(time));
  out_.u16(type);
  out_.u16(subtype);
  out_.u32(0);
  if (type == kBgp4mpEt) {
    // The microseconds count as part of the message (section 3).
    const auto rest = time - std::chrono::floor<std::chrono::seconds>(time);
    out_.u32(static_cast<std::uint32_t>(rest.count()));
  }
  return start;
}

void MrtWriter::end(std::size_t start) {
  out_.patch_u32(start + 8, static_cast<std::uint32_t>(out_.size() - start - kMrtHeader));
}

void MrtWriter::session(const VantagePoint& peer) {
  out_.u32(peer.asn.value);
  out_.u32(owner_.asn.value);
  out_.u16(0);  // interface index
  out_.u16(static_cast<std::uint16_t>(peer.address.family()));
  put_address(out_, peer.address);
  put_address(out_, peer.address.is_v4() ? owner_.address : owner_.address_v6);
}

MrtWriter::Open MrtWriter::begin_update(TimePoint time, const VantagePoint& peer) {
  Open open;
  open.record = begin(time, kBgp4mpEt, kMessageAs4);
  session(peer);
  open.message = out_.size();
  for (int i = 0; i < 16; ++i) {
    out_.u8(0xff);
  }
  out_.u16(0);
  out_.u8(kUpdate);
  return open;
}

void MrtWriter::end_update(const Open& open) {
  out_.patch_u16(open.message + 16, static_cast<std::uint16_t>(out_.size() - open.message));
  end(open.record);
}

Result<void> MrtWriter::peer_index_table(TimePoint time, std::span<const VantagePoint> peers) {
  if (auto valid = check_time(time); !valid) {
    return valid;
  }
  constexpr std::size_t kMost = std::numeric_limits<std::uint16_t>::max();
  if (peers.size() > kMost || owner_.name.size() > kMost) {
    return fail("a peer index table holds at most 65535 peers, and as many letters of a name");
  }
  const std::size_t start = begin(time, kTableDumpV2, kPeerIndexTable);
  out_.u32(owner_.address.v4_value());
  out_.u16(static_cast<std::uint16_t>(owner_.name.size()));
  out_.bytes(as_bytes(owner_.name));
  out_.u16(static_cast<std::uint16_t>(peers.size()));
  for (const VantagePoint& peer : peers) {
    // Bit 0: an IPv6 address; bit 1: a four-octet ASN.
    out_.u8(peer.address.is_v4() ? 2 : 3);
    // Nobody knows the identifier of an IPv6 peer; the end of its address tells it from others.
    out_.u32(peer.address.is_v4() ? peer.address.v4_value()
                                  : static_cast<std::uint32_t>(peer.address.low()));
    put_address(out_, peer.address);
    out_.u32(peer.asn.value);
  }
  end(start);
  sequence_ = 0;
  return {};
}

Result<void> MrtWriter::rib(TimePoint time, const Prefix& prefix,
                            std::span<const RibEntry> entries) {
  if (entries.size() > std::numeric_limits<std::uint16_t>::max()) {
    return fail(prefix.to_string() + ": a RIB record holds at most 65535 entries");
  }
  ByteWriter body;
  for (const RibEntry& entry : entries) {
    if (auto valid = check_time(entry.originated); !valid) {
      return valid;
    }
    const IpAddress next_hop =
        next_hop_for(prefix.family(), entry.attributes->next_hop.value_or(IpAddress::v4(0)));
    const bool plain = prefix.family() == Family::Ipv4 && next_hop.is_v4();
    ByteWriter attributes;
    put_attributes(attributes, *entry.attributes, next_hop,
                   plain ? Reach::NextHop : Reach::AbbreviatedMpReach, {});
    if (attributes.size() > std::numeric_limits<std::uint16_t>::max()) {
      return fail(prefix.to_string() + ": the attributes are longer than 65535 octets");
    }
    body.u16(entry.peer);
    body.u32(whole_seconds(entry.originated));
    body.u16(static_cast<std::uint16_t>(attributes.size()));
    body.bytes(attributes.view());
  }
  if (auto valid = check_time(time); !valid) {
    return valid;
  }
  const std::size_t start = begin(
      time, kTableDumpV2, prefix.family() == Family::Ipv4 ? kRibIpv4Unicast : kRibIpv6Unicast);
  out_.u32(sequence_++);
  put_prefix(out_, prefix);
  out_.u16(static_cast<std::uint16_t>(entries.size()));
  out_.bytes(body.view());
  end(start);
  return {};
}

Result<void> MrtWriter::announce(TimePoint time, const VantagePoint& peer,
                                 const RouteAttributes& attributes,
                                 std::span<const Prefix> prefixes) {
  if (auto valid = check_time(time); !valid) {
    return valid;
  }
  std::vector<Batch> batches;
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    Batch batch = batch_of(family, attributes, peer, prefixes);
    if (batch.used + kLongestPrefix > kLongestMessage) {
      return fail(fmt::format("attributes of {} octets leave no room in a message", batch.used));
    }
    batches.push_back(std::move(batch));
  }
  for (const Batch& batch : batches) {
    for (std::span<const Prefix> rest{batch.prefixes}; !rest.empty();) {
      const auto part = fitting(rest, kLongestMessage - batch.used);
      rest = rest.subspan(part.size());
      ByteWriter body;
      put_attributes(body, attributes, batch.next_hop, batch.reach, part);
      const Open open = begin_update(time, peer);
      out_.u16(0);
      out_.u16(static_cast<std::uint16_t>(body.size()));
      out_.bytes(body.view());
      if (batch.reach == Reach::NextHop) {
        put_prefixes(out_, part);
      }
      end_update(open);
    }
  }
  return {};
}

Result<void> MrtWriter::withdraw(TimePoint time, const VantagePoint& peer,
                                 std::span<const Prefix> prefixes) {
  if (auto valid = check_time(time); !valid) {
    return valid;
  }
  constexpr std::size_t kRoom = kLongestMessage - kBgpHeader - 4 - 7;
  for (const Family family : {Family::Ipv4, Family::Ipv6}) {
    const std::vector<Prefix> chosen = of_family(prefixes, family);
    for (std::span<const Prefix> rest{chosen}; !rest.empty();) {
      const auto part = fitting(rest, kRoom);
      rest = rest.subspan(part.size());
      ByteWriter nlri;
      ByteWriter attributes;
      if (family == Family::Ipv6) {
        put_mp_unreach(attributes, part);
      } else {
        put_prefixes(nlri, part);
      }
      const Open open = begin_update(time, peer);
      out_.u16(static_cast<std::uint16_t>(nlri.size()));
      out_.bytes(nlri.view());
      out_.u16(static_cast<std::uint16_t>(attributes.size()));
      out_.bytes(attributes.view());
      end_update(open);
    }
  }
  return {};
}

Result<void> MrtWriter::state_change(TimePoint time, const VantagePoint& peer, bool up) {
  if (auto valid = check_time(time); !valid) {
    return valid;
  }
  constexpr std::uint16_t kIdle = 1;
  constexpr std::uint16_t kOpenConfirm = 5;
  constexpr std::uint16_t kEstablished = 6;
  const std::size_t start = begin(time, kBgp4mpEt, kStateChangeAs4);
  session(peer);
  out_.u16(up ? kOpenConfirm : kEstablished);
  out_.u16(up ? kEstablished : kIdle);
  end(start);
  return {};
}

Result<void> MrtWriter::append(const Route& route) {
  if (route.path_id != 0) {
    return fail("a path identifier (ADD-PATH) cannot be written");
  }
  switch (route.kind) {
    case RouteKind::Announce:
      return announce(route.time, *route.vantage, *route.attributes, {&route.prefix, 1});
    case RouteKind::Withdraw:
      return withdraw(route.time, *route.vantage, {&route.prefix, 1});
    case RouteKind::PeerUp:
      return state_change(route.time, *route.vantage, true);
    case RouteKind::PeerDown:
      return state_change(route.time, *route.vantage, false);
    case RouteKind::Table:
    case RouteKind::TableBegin:
    case RouteKind::TableEnd:
      break;
  }
  return fail("an element of a table belongs into a RIB record");
}

}  // namespace isthmus::collector
