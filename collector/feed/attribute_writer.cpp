#include "collector/feed/attribute_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace isthmus::collector {
namespace {

constexpr std::uint8_t kUnicast = 1;
constexpr std::size_t kLongestSegment = 255;

constexpr std::uint8_t kOptional = 0x80;
constexpr std::uint8_t kTransitive = 0x40;
constexpr std::uint8_t kExtendedLength = 0x10;

enum class Attribute : std::uint8_t {
  Origin = 1,
  AsPath = 2,
  NextHop = 3,
  Med = 4,
  LocalPref = 5,
  AtomicAggregate = 6,
  Aggregator = 7,
  Communities = 8,
  MpReach = 14,
  MpUnreach = 15,
  LargeCommunities = 32,
  OnlyToCustomer = 35,
};

void put_attribute(ByteWriter& out, std::uint8_t flags, Attribute type, Bytes value) {
  const bool extended = value.size() > 255;
  out.u8(extended ? flags | kExtendedLength : flags);
  out.u8(static_cast<std::uint8_t>(type));
  if (extended) {
    out.u16(static_cast<std::uint16_t>(value.size()));
  } else {
    out.u8(static_cast<std::uint8_t>(value.size()));
  }
  out.bytes(value);
}

/// A segment holds at most 255 ASNs: a longer one becomes several (RFC 4271, section 5.1.2).
void put_path(ByteWriter& out, const AsPath& path) {
  ByteWriter value;
  for (const AsPath::Segment& segment : path.segments()) {
    const std::span<const Asn> asns = path.asns(segment);
    for (std::size_t first = 0; first < asns.size(); first += kLongestSegment) {
      const auto part = asns.subspan(first, std::min(kLongestSegment, asns.size() - first));
      value.u8(static_cast<std::uint8_t>(segment.type));
      value.u8(static_cast<std::uint8_t>(part.size()));
      for (const Asn asn : part) {
        value.u32(asn.value);
      }
    }
  }
  put_attribute(out, kTransitive, Attribute::AsPath, value.view());
}

void put_number(ByteWriter& out, std::uint8_t flags, Attribute type, std::uint32_t number) {
  ByteWriter value;
  value.u32(number);
  put_attribute(out, flags, type, value.view());
}

/// The value of MP_REACH_NLRI; in a RIB dump only its next hop is there (RFC 6396, section 4.3.4).
void put_mp_reach(ByteWriter& out, const IpAddress& next_hop, bool abbreviated,
                  std::span<const Prefix> prefixes) {
  ByteWriter value;
  if (!abbreviated) {
    value.u16(static_cast<std::uint16_t>(prefixes.front().family()));
    value.u8(kUnicast);
  }
  value.u8(static_cast<std::uint8_t>(address_octets(next_hop.family())));
  put_address(value, next_hop);
  if (!abbreviated) {
    value.u8(0);
    for (const Prefix& prefix : prefixes) {
      put_prefix(value, prefix);
    }
  }
  put_attribute(out, kOptional, Attribute::MpReach, value.view());
}

void put_communities(ByteWriter& out, const std::vector<std::uint32_t>& communities) {
  if (communities.empty()) {
    return;
  }
  ByteWriter value;
  for (const std::uint32_t each : communities) {
    value.u32(each);
  }
  put_attribute(out, kOptional | kTransitive, Attribute::Communities, value.view());
}

void put_large_communities(ByteWriter& out, const std::vector<LargeCommunity>& communities) {
  if (communities.empty()) {
    return;
  }
  ByteWriter value;
  for (const LargeCommunity& each : communities) {
    value.u32(each.global);
    value.u32(each.local_1);
    value.u32(each.local_2);
  }
  put_attribute(out, kOptional | kTransitive, Attribute::LargeCommunities, value.view());
}

void put_aggregator(ByteWriter& out, const RouteAttributes& attributes) {
  if (attributes.atomic_aggregate) {
    put_attribute(out, kTransitive, Attribute::AtomicAggregate, {});
  }
  if (attributes.aggregator) {
    ByteWriter value;
    value.u32(attributes.aggregator->asn.value);
    put_address(value, attributes.aggregator->address);
    put_attribute(out, kOptional | kTransitive, Attribute::Aggregator, value.view());
  }
}

}  // namespace

void put_address(ByteWriter& out, const IpAddress& address) {
  const auto octets = address.octets();
  out.bytes(Bytes{octets}.first(address_octets(address.family())));
}

void put_prefix(ByteWriter& out, const Prefix& prefix) {
  const auto octets = prefix.address().octets();
  out.u8(static_cast<std::uint8_t>(prefix.length()));
  out.bytes(Bytes{octets}.first((prefix.length() + 7) / 8));
}

/// All path attributes in ascending order, as routers send them.
void put_attributes(ByteWriter& out, const RouteAttributes& attributes, const IpAddress& next_hop,
                    Reach reach, std::span<const Prefix> prefixes) {
  if (attributes.origin != Origin::Missing) {
    const auto origin = static_cast<std::byte>(attributes.origin);
    put_attribute(out, kTransitive, Attribute::Origin, Bytes{&origin, 1});
  }
  put_path(out, attributes.as_path);
  if (reach == Reach::NextHop) {
    ByteWriter value;
    put_address(value, next_hop);
    put_attribute(out, kTransitive, Attribute::NextHop, value.view());
  }
  if (attributes.med) {
    put_number(out, kOptional, Attribute::Med, *attributes.med);
  }
  if (attributes.local_pref) {
    put_number(out, kTransitive, Attribute::LocalPref, *attributes.local_pref);
  }
  put_aggregator(out, attributes);
  put_communities(out, attributes.communities);
  if (reach != Reach::NextHop) {
    put_mp_reach(out, next_hop, reach == Reach::AbbreviatedMpReach, prefixes);
  }
  put_large_communities(out, attributes.large_communities);
  if (attributes.only_to_customer) {
    put_number(out, kOptional | kTransitive, Attribute::OnlyToCustomer,
               attributes.only_to_customer->value);
  }
}

void put_mp_unreach(ByteWriter& out, std::span<const Prefix> prefixes) {
  ByteWriter value;
  value.u16(static_cast<std::uint16_t>(prefixes.front().family()));
  value.u8(kUnicast);
  for (const Prefix& prefix : prefixes) {
    put_prefix(value, prefix);
  }
  put_attribute(out, kOptional, Attribute::MpUnreach, value.view());
}

}  // namespace isthmus::collector
