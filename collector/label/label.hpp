#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/address.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// What kind of name an address has (detection.md c.2, step 1).
enum class LabelKind : std::uint8_t {
  As,       ///< originated by one AS
  Moas,     ///< originated by several
  Special,  ///< special-purpose space (RFC 6890 and the IANA registries): private, link-local, ...
  Unannounced,  ///< no covering route in any table
  Ixp,          ///< the peering LAN of an exchange
  Registered,   ///< nobody announces it, but a registry says which AS's holder it was given to
};

/// "as", "moas", "special", "unannounced", "ixp" or "registered".
std::string_view to_string(LabelKind kind);

/// The name of an address's network, and where it is from.
struct Label {
  LabelKind kind = LabelKind::Unannounced;
  /// Sorted: one for As, several for Moas. For Ixp the member whose port has the address, if it is
  /// known; for Registered the ASes of the holder, one at least.
  std::vector<Asn> origins;
  Prefix prefix;  ///< the matching entry; the default route if there is none
  /// The name of a `LabelSource`; empty for Unannounced. Lives as long as the labeller, as do
  /// `version` and `name`.
  std::string_view source;
  std::string_view version;      ///< of that source: date of its data or digest of its file
  std::string_view name;         ///< of the exchange, for Ixp
  std::span<const Asn> members;  ///< of the exchange, for Ixp: ascending; empty if not known
};

}  // namespace isthmus::collector
