#pragma once

#include <cstdint>
#include <span>

#include "core/base/bytes.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Which attribute carries the next hop: NEXT_HOP, MP_REACH_NLRI with the prefixes (RFC 4760), or
/// MP_REACH_NLRI with nothing else, as in RIB dumps (RFC 6396, section 4.3.4).
enum class Reach : std::uint8_t { NextHop, MpReach, AbbreviatedMpReach };

/// Appends all path attributes in ascending order, as routers send them, with four-octet ASNs.
/// `prefixes` are of one family, and are used by `Reach::MpReach` only.
void put_attributes(ByteWriter& out, const RouteAttributes& attributes, const IpAddress& next_hop,
                    Reach reach, std::span<const Prefix> prefixes);
/// Appends an MP_UNREACH_NLRI for at least one prefix, all of one family.
void put_mp_unreach(ByteWriter& out, std::span<const Prefix> prefixes);

/// Appends the 4 or 16 octets of an address.
void put_address(ByteWriter& out, const IpAddress& address);
/// Appends NLRI: the length in bits, and as many octets as those need.
void put_prefix(ByteWriter& out, const Prefix& prefix);

}  // namespace isthmus::collector
