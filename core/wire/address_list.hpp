#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/address.hpp"

namespace isthmus {

/// Appends an address as its 4 or 16 octets.
void append_octets(std::string& bytes, const IpAddress& address);

/// An address of 4 or 16 octets; nothing for any other length.
std::optional<IpAddress> address_from(std::string_view octets);

/// Appends the addresses that lie one after another in `octets`; false if they do not come out
/// even.
bool append_addresses(std::string_view octets, Family family, std::vector<IpAddress>& list);

}  // namespace isthmus
