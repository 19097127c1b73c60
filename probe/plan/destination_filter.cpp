#include "probe/plan/destination_filter.hpp"

#include <algorithm>
#include <array>

namespace isthmus::probe {
namespace {

constexpr Prefix v4(std::uint32_t address, unsigned length) {
  return Prefix::covering(IpAddress::v4(address), length);
}
constexpr Prefix v6(std::uint64_t high, unsigned length) {
  return Prefix::covering(IpAddress::v6(high, 0), length);
}

/// What no configuration lets through: addresses that are no single host.
constexpr std::array kNoHost{
    v4(0x00000000, 32),  // unspecified
    v4(0xffffffff, 32),  // limited broadcast
    Prefix::covering(IpAddress::v6(0, 0), 128),
};
constexpr std::array kMulticast{v4(0xe0000000, 4), v6(0xff00'0000'0000'0000, 8)};

/// IANA's special-purpose registries of both families (2024-09): all that is not globally
/// reachable, and what stands for another address.
constexpr std::array kSpecial{
    v4(0x00000000, 8),   // this network
    v4(0x0a000000, 8),   // private
    v4(0x64400000, 10),  // shared, RFC 6598
    v4(0x7f000000, 8),   // loopback
    v4(0xa9fe0000, 16),  // link-local
    v4(0xac100000, 12),  // private
    v4(0xc0000000, 24),  // IETF protocol assignments
    v4(0xc0000200, 24),  // documentation
    v4(0xc0586300, 24),  // 6to4 relay anycast, deprecated
    v4(0xc0a80000, 16),  // private
    v4(0xc6120000, 15),  // benchmarking
    v4(0xc6336400, 24),  // documentation
    v4(0xcb007100, 24),  // documentation
    v4(0xf0000000, 4),   // reserved, and limited broadcast
    v6(0, 8),            // unspecified, loopback, IPv4-mapped and others, RFC 4291 section 4
    v6(0x0064'ff9b'0001'0000, 48),  // local-use translation, RFC 8215
    v6(0x0100'0000'0000'0000, 63),  // discard-only, dummy (RFC 9780)
    v6(0x2001'0000'0000'0000, 23),  // IETF protocol assignments, Teredo among them
    v6(0x2001'0db8'0000'0000, 32),  // documentation
    v6(0x2002'0000'0000'0000, 16),  // 6to4
    v6(0x3fff'0000'0000'0000, 20),  // documentation, RFC 9637
    v6(0x5f00'0000'0000'0000, 16),  // segment routing SIDs, RFC 9602
    v6(0xfc00'0000'0000'0000, 7),   // unique local
    v6(0xfe80'0000'0000'0000, 10),  // link-local
    v6(0xfec0'0000'0000'0000, 10),  // site-local, deprecated
};

template <typename Prefixes>
bool is_in(const Prefixes& prefixes, const IpAddress& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const Prefix& prefix) { return prefix.contains(address); });
}

}  // namespace

std::string_view to_string(Refusal refusal) {
  constexpr std::array<std::string_view, 5> kNames{"none", "multicast", "special_purpose", "denied",
                                                   "not_allowed"};
  return kNames.at(static_cast<std::size_t>(refusal));
}

Refusal DestinationFilter::check(const IpAddress& destination) const {
  if (is_in(kMulticast, destination)) {
    return Refusal::Multicast;
  }
  if (is_in(kNoHost, destination) || (!options_.allow_special && is_in(kSpecial, destination))) {
    return Refusal::SpecialPurpose;
  }
  if (is_in(options_.deny, destination)) {
    return Refusal::Denied;
  }
  if (!options_.allow.empty() && !is_in(options_.allow, destination)) {
    return Refusal::NotAllowed;
  }
  return Refusal::None;
}

}  // namespace isthmus::probe
