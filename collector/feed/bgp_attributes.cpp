#include "collector/feed/bgp_attributes.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace isthmus::collector {
namespace {

enum Code : std::uint8_t {
  kOrigin = 1,
  kAsPath = 2,
  kNextHop = 3,
  kMed = 4,
  kLocalPref = 5,
  kAtomicAggregate = 6,
  kAggregator = 7,
  kCommunities = 8,
  kMpReach = 14,
  kMpUnreach = 15,
  kAs4Path = 17,
  kAs4Aggregator = 18,
  kLargeCommunities = 32,
  kOnlyToCustomer = 35,
};

constexpr std::uint8_t kExtendedLength = 0x10;

std::uint32_t read_asn(ByteReader& reader, AsnWidth width) {
  return width == AsnWidth::Four ? reader.u32() : reader.u16();
}

/// Path length as RFC 4271 section 9.1.2.2 and RFC 5065 section 5.3 count it.
std::size_t path_length(const AsPath& path) {
  std::size_t length = 0;
  for (const AsPath::Segment& segment : path.segments()) {
    if (segment.type == SegmentType::Set) {
      length += 1;
    } else if (segment.type == SegmentType::Sequence) {
      length += segment.count;
    }
  }
  return length;
}

}  // namespace

void DecodedAttributes::clear() {
  attributes.clear();
  reach.reset();
  unreach.reset();
  malformed = {};
  discarded = 0;
  has_origin = false;
  has_as_path = false;
}

bool decode_as_path(Bytes value, AsnWidth width, AsPath& path) {
  ByteReader reader{value};
  while (!reader.empty()) {
    const std::uint8_t type = reader.u8();
    const std::uint8_t count = reader.u8();
    ByteReader asns{reader.take(std::size_t{count} * static_cast<std::size_t>(width))};
    if (!reader.ok() || type < 1 || type > 4 || count == 0) {
      return false;
    }
    std::array<Asn, 16> few{};
    const std::size_t at_once = std::min(few.size(), std::size_t{count});
    for (std::size_t i = 0; i < at_once; ++i) {
      few[i] = Asn{read_asn(asns, width)};
    }
    path.append(static_cast<SegmentType>(type), std::span{few}.first(at_once));
    while (!asns.empty()) {
      path.push_back(Asn{read_asn(asns, width)});
    }
  }
  return reader.ok();
}

void AttributeDecoder::mark(std::string_view why) {
  if (result_.malformed.empty()) {
    result_.malformed = why;
  }
}

const DecodedAttributes& AttributeDecoder::decode(Bytes bytes, AsnWidth width, Form form,
                                                  Detail detail) {
  const Reading reading{width, form, detail};
  if (repeatable_ && last_size_ == bytes.size() && last_reading_ == reading &&
      std::memcmp(last_.data(), bytes.data(), bytes.size()) == 0) {
    return result_;
  }
  decode_all(bytes, reading);
  repeatable_ =
      !bytes.empty() && bytes.size() <= last_.size() && !result_.reach && !result_.unreach;
  if (repeatable_) {
    std::memcpy(last_.data(), bytes.data(), bytes.size());
    last_size_ = bytes.size();
    last_reading_ = reading;
  }
  return result_;
}

void AttributeDecoder::decode_all(Bytes bytes, const Reading& reading) {
  result_.clear();
  has_as4_path_ = false;
  as4_aggregator_.reset();
  std::fill(std::begin(seen_), std::end(seen_), 0);
  ByteReader reader{bytes};
  while (!reader.empty()) {
    const std::uint8_t flags = reader.u8();
    const std::uint8_t code = reader.u8();
    const std::size_t length = (flags & kExtendedLength) != 0 ? reader.u16() : reader.u8();
    const Bytes value = reader.take(length);
    if (!reader.ok()) {
      mark("an attribute is longer than the attributes");
      break;
    }
    // RFC 7606 section 3g: of several attributes with one code the first counts.
    std::uint64_t& word = seen_[code / 64];
    const std::uint64_t bit = std::uint64_t{1} << code % 64;
    if ((word & bit) != 0) {
      result_.discarded += value.size();
      if (code == kMpReach || code == kMpUnreach) {
        mark("MP_REACH_NLRI or MP_UNREACH_NLRI is there twice");
      }
      continue;
    }
    word |= bit;
    decode_one(code, value, reading.width, reading.form, reading.detail);
  }
  if (reading.width == AsnWidth::Two) {
    merge_as4();
  }
}

void AttributeDecoder::decode_one(std::uint8_t code, Bytes value, AsnWidth width, Form form,
                                  Detail detail) {
  switch (code) {
    case kAsPath:
      result_.has_as_path = true;
      if (!decode_as_path(value, width, result_.attributes.as_path)) {
        mark("AS_PATH is malformed");
      }
      break;
    case kAs4Path:
      as4_path_.clear();
      has_as4_path_ = decode_as_path(value, AsnWidth::Four, as4_path_);
      result_.discarded += has_as4_path_ ? 0 : value.size();
      break;
    case kAggregator:
      decode_aggregator(value, width);
      break;
    case kAs4Aggregator: {
      ByteReader reader{value};
      const Asn asn{reader.u32()};
      const IpAddress address = IpAddress::v4(reader.u32());
      if (reader.ok() && reader.empty()) {
        as4_aggregator_ = Aggregator{asn, address};
      } else {
        result_.discarded += value.size();
      }
      break;
    }
    case kMpReach:
      decode_reach(value, form);
      break;
    case kMpUnreach:
      decode_unreach(value);
      break;
    case kOrigin:
      result_.has_origin = true;
      if (value.size() == 1 && std::to_integer<unsigned>(value[0]) <= 2) {
        result_.attributes.origin = static_cast<Origin>(value[0]);
      } else {
        mark("ORIGIN is malformed");
      }
      break;
    case kOnlyToCustomer:
      if (value.size() == 4) {
        result_.attributes.only_to_customer = Asn{ByteReader{value}.u32()};
      } else {
        mark("ONLY_TO_CUSTOMER is malformed");
      }
      break;
    default:
      if (detail == Detail::Everything) {
        decode_detail(code, value);
      }
  }
}

void AttributeDecoder::decode_detail(std::uint8_t code, Bytes value) {
  RouteAttributes& attributes = result_.attributes;
  ByteReader reader{value};
  switch (code) {
    case kNextHop:
      if (value.size() == 4) {
        attributes.next_hop = IpAddress::v4(reader.u32());
      } else {
        mark("NEXT_HOP is malformed");
      }
      break;
    case kMed:
    case kLocalPref:
      if (value.size() == 4) {
        (code == kMed ? attributes.med : attributes.local_pref) = reader.u32();
      } else {
        mark(code == kMed ? "MULTI_EXIT_DISC is malformed" : "LOCAL_PREF is malformed");
      }
      break;
    case kAtomicAggregate:
      if (value.empty()) {
        attributes.atomic_aggregate = true;
      } else {
        result_.discarded += value.size();
      }
      break;
    case kCommunities:
      if (value.size() % 4 != 0) {
        mark("COMMUNITIES is malformed");
        break;
      }
      attributes.communities.resize(value.size() / 4);
      for (std::uint32_t& community : attributes.communities) {
        community = reader.u32();
      }
      break;
    case kLargeCommunities:
      if (value.empty() || value.size() % 12 != 0) {
        mark("LARGE_COMMUNITY is malformed");
        break;
      }
      attributes.large_communities.resize(value.size() / 12);
      for (LargeCommunity& community : attributes.large_communities) {
        community.global = reader.u32();
        community.local_1 = reader.u32();
        community.local_2 = reader.u32();
      }
      break;
    default:
      break;
  }
}

void AttributeDecoder::decode_aggregator(Bytes value, AsnWidth width) {
  ByteReader reader{value};
  // Writers exist that do not keep to the width of the AS path (OpenBGPD's table dumps among them):
  // the length tells.
  const AsnWidth actual = value.size() == 6   ? AsnWidth::Two
                          : value.size() == 8 ? AsnWidth::Four
                                              : width;
  const Asn asn{read_asn(reader, actual)};
  const IpAddress address = IpAddress::v4(reader.u32());
  if (reader.ok() && reader.empty()) {
    result_.attributes.aggregator = Aggregator{asn, address};
  } else {
    result_.discarded += value.size();
  }
}

void AttributeDecoder::decode_reach(Bytes value, Form form) {
  ByteReader reader{value};
  if (form == Form::RibEntry && !value.empty() && value[0] != std::byte{0}) {
    const Bytes next_hop = reader.take(reader.u8());
    if (!reader.ok() || (next_hop.size() != 4 && next_hop.size() != 16 && next_hop.size() != 32)) {
      result_.discarded += value.size();
      return;
    }
    result_.reach.emplace();
    result_.reach->next_hop = next_hop.size() == 4
                                  ? IpAddress::from_bytes(Family::Ipv4, next_hop)
                                  : IpAddress::from_bytes(Family::Ipv6, next_hop.first(16));
    return;
  }
  MpNlri reach;
  reach.afi = reader.u16();
  reach.safi = reader.u8();
  const Bytes next_hop = reader.take(reader.u8());
  for (std::uint8_t snpas = reader.u8(); snpas > 0 && reader.ok(); --snpas) {
    // RFC 2858's subnetwork points of attachment, each with its length in semi-octets.
    reader.skip((reader.u8() + std::size_t{1}) / 2);
  }
  if (!reader.ok()) {
    mark("MP_REACH_NLRI is malformed");
    return;
  }
  if (next_hop.size() == 4) {
    reach.next_hop = IpAddress::from_bytes(Family::Ipv4, next_hop);
  } else if (next_hop.size() == 16 || next_hop.size() == 32) {
    reach.next_hop = IpAddress::from_bytes(Family::Ipv6, next_hop.first(16));
  }
  reach.nlri = reader.rest();
  result_.reach = reach;
}

void AttributeDecoder::decode_unreach(Bytes value) {
  ByteReader reader{value};
  MpNlri unreach;
  unreach.afi = reader.u16();
  unreach.safi = reader.u8();
  if (!reader.ok()) {
    mark("MP_UNREACH_NLRI is malformed");
    return;
  }
  unreach.nlri = reader.rest();
  result_.unreach = unreach;
}

/// RFC 6793 section 4.2.3.
void AttributeDecoder::merge_as4() {
  RouteAttributes& attributes = result_.attributes;
  if (attributes.aggregator && as4_aggregator_) {
    if (attributes.aggregator->asn != kAsTrans) {
      return;
    }
    attributes.aggregator = as4_aggregator_;
  }
  if (!has_as4_path_) {
    return;
  }
  const std::size_t old_length = path_length(attributes.as_path);
  const std::size_t new_length = path_length(as4_path_);
  if (old_length < new_length) {
    return;
  }
  std::size_t keep = old_length - new_length;
  merged_.clear();
  for (const AsPath::Segment& segment : attributes.as_path.segments()) {
    const bool counts = segment.type == SegmentType::Set || segment.type == SegmentType::Sequence;
    if (counts && keep == 0) {
      break;
    }
    std::size_t count = segment.count;
    if (segment.type == SegmentType::Sequence) {
      count = std::min(count, keep);
      keep -= count;
    } else if (counts) {
      --keep;
    }
    merged_.append(segment.type, attributes.as_path.asns(segment).first(count));
  }
  const auto head = merged_.segments();
  bool join = !head.empty() && head.back().type == SegmentType::Sequence;
  for (const AsPath::Segment& segment : as4_path_.segments()) {
    if (segment.type != SegmentType::Set && segment.type != SegmentType::Sequence) {
      continue;
    }
    if (!join || segment.type != SegmentType::Sequence) {
      merged_.begin_segment(segment.type);
    }
    join = false;
    for (const Asn asn : as4_path_.asns(segment)) {
      merged_.push_back(asn);
    }
  }
  std::swap(attributes.as_path, merged_);
}

}  // namespace isthmus::collector
