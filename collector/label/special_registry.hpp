#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// Whether an address of a special-purpose block can belong to a network of the Internet.
enum class Reach : std::uint8_t {
  Local,   ///< never: the block is Special whatever a table says about it
  Global,  ///< "globally reachable" (anycast services, AS112): a table's origin goes first
};

/// A block of the special-purpose registries.
struct SpecialBlock {
  Prefix prefix;
  std::string_view name;       ///< as the registry has it
  std::string_view reference;  ///< "RFC 1918"
  Reach reach = Reach::Local;
};

/// All blocks: IANA's IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190), the
/// multicast space (RFC 5771, RFC 4291) and what RFC 3879 left behind. Blocks lie within blocks.
std::span<const SpecialBlock> special_blocks();

/// The most specific special-purpose block around an address, or null.
const SpecialBlock* find_special(const IpAddress& address);

/// The state of the registries that `special_blocks` holds: the "last updated" of both.
inline constexpr std::string_view kSpecialRegistryVersion = "iana 2025-10-09";

}  // namespace isthmus::collector
