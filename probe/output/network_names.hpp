#pragma once

#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "core/base/text_lines.hpp"
#include "core/net/as_names.hpp"
#include "core/net/origin_table.hpp"

namespace isthmus::probe {

/// Which network an address belongs to, for people: who announces it, by an origin table, and what
/// that AS is called.
class NetworkNames {
 public:
  NetworkNames(OriginTable origins, AsNames names)
      : origins_{std::move(origins)},
        names_{std::move(names)} {}

  /// The origins of the most specific prefix around an address; none if nothing covers it.
  [[nodiscard]] std::vector<Asn> origins(const IpAddress& address) const;
  /// "AS4837 CHINA169-BACKBONE CHINA UNICOM", "AS64500 AS64501" for several origins, or an empty
  /// text. Control characters are not in it.
  [[nodiscard]] std::string describe(const IpAddress& address) const;

 private:
  OriginTable origins_;
  AsNames names_;
};

/// What was read, and what became of its lines.
struct LoadedNames {
  NetworkNames names;
  LineAccount origins;
  LineAccount as_names;
};

/// Reads an origin table and, if `names_path` is not empty, names of ASes. Files may be gzipped.
/// The table is CAIDA's pfx2as, ranges `start,end,asn`, or `prefix,origin`: its first line tells
/// which. An error only if a file cannot be read or no line of it is understood; else see the
/// accounts.
Result<LoadedNames> load_network_names(const std::string& origins_path,
                                       const std::string& names_path);

}  // namespace isthmus::probe
