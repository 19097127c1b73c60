#pragma once

#include <string_view>
#include <vector>

#include "core/net/address.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::probe {

/// Why a destination is not probed.
enum class Refusal : std::uint8_t {
  None,
  Multicast,       ///< RFC 5771, RFC 4291 section 2.7
  SpecialPurpose,  ///< not globally reachable by IANA's registries (RFC 6890), broadcast among it
  Denied,          ///< on the owner's deny list
  NotAllowed,      ///< the owner has an allow list, and it is not on it
};

/// "multicast", "special_purpose", "denied", "not_allowed"; "none".
std::string_view to_string(Refusal refusal);

/// What the owner of a probe lets it send packets to. Nothing a collector says goes past it.
struct FilterOptions {
  std::vector<Prefix> allow;  ///< empty: everything that is not refused for another reason
  std::vector<Prefix> deny;   ///< wins over `allow`
  /// For a lab: special-purpose addresses are probed like others. Multicast, broadcast and the
  /// unspecified address are not.
  bool allow_special = false;
};

class DestinationFilter {
 public:
  explicit DestinationFilter(FilterOptions options) : options_{std::move(options)} {}

  [[nodiscard]] Refusal check(const IpAddress& destination) const;

 private:
  FilterOptions options_;
};

}  // namespace isthmus::probe
