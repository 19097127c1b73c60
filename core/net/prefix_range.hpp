#pragma once

#include <vector>

#include "core/net/prefix.hpp"

namespace isthmus {

/// The fewest prefixes that cover the addresses from `first` to `last`, both included, and nothing
/// else, in ascending order: at most 62 for IPv4 and 254 for IPv6. None if the families differ or
/// `last` is before `first`.
std::vector<Prefix> range_to_prefixes(const IpAddress& first, const IpAddress& last);

}  // namespace isthmus
