#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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
};

/// "as", "moas", "special" or "unannounced".
std::string_view to_string(LabelKind kind);

/// The name of an address's network, and where it is from.
struct Label {
  LabelKind kind = LabelKind::Unannounced;
  std::vector<Asn> origins;  ///< one for As, several (sorted) for Moas
  Prefix prefix;             ///< the matching entry; the default route if there is none
  std::string_view
      source;  ///< "override", "special", "mrt", "pfx2as", "csv"; lives as long as the labeller
  std::string_view version;  ///< of that source: date of its data or digest of its file
};

}  // namespace isthmus::collector
