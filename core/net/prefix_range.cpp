#include "core/net/prefix_range.hpp"

#include <cstdint>

namespace isthmus {
namespace {

IpAddress last_address(const Prefix& prefix) {
  const IpAddress& address = prefix.address();
  const unsigned length = prefix.length();
  if (prefix.family() == Family::Ipv4) {
    const std::uint32_t host = length == 32 ? 0 : ~std::uint32_t{0} >> length;
    return IpAddress::v4(address.v4_value() | host);
  }
  const std::uint64_t high = length >= 64 ? 0 : ~std::uint64_t{0} >> length;
  const std::uint64_t low = length >= 128  ? 0
                            : length <= 64 ? ~std::uint64_t{0}
                                           : ~std::uint64_t{0} >> (length - 64);
  return IpAddress::v6(address.high() | high, address.low() | low);
}

/// The address behind this one; after the last of all comes the first.
IpAddress next_address(const IpAddress& address) {
  if (address.is_v4()) {
    return IpAddress::v4(address.v4_value() + 1);
  }
  const std::uint64_t low = address.low() + 1;
  return IpAddress::v6(address.high() + (low == 0 ? 1 : 0), low);
}

}  // namespace

std::vector<Prefix> range_to_prefixes(const IpAddress& first, const IpAddress& last) {
  std::vector<Prefix> prefixes;
  if (first.family() != last.family() || last < first) {
    return prefixes;
  }
  for (IpAddress at = first;; at = next_address(last_address(prefixes.back()))) {
    // Widen while the prefix still begins at this address and ends within the range.
    unsigned length = address_bits(first.family());
    while (length > 0) {
      const Prefix wider = Prefix::covering(at, length - 1);
      if (wider.address() != at || last < last_address(wider)) {
        break;
      }
      --length;
    }
    prefixes.push_back(Prefix::covering(at, length));
    if (last_address(prefixes.back()) == last) {
      return prefixes;
    }
  }
}

}  // namespace isthmus
