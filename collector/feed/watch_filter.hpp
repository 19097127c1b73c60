#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "core/net/prefix_map.hpp"
#include "core/route/as_path.hpp"

namespace isthmus::collector {

/// Tells in a few steps whether a route can concern a watched network: its prefix lies within a
/// watched one, or a watched AS is in its path, as origin or, in a leak, on the way. The first
/// question is asked before anything else of a message is looked at.
class WatchFilter {
 public:
  WatchFilter() = default;
  WatchFilter(const std::vector<Prefix>& prefixes, const std::vector<Asn>& asns);

  [[nodiscard]] bool matches(const Prefix& prefix) const {
    return prefixes_.longest_match(prefix) != nullptr;
  }
  [[nodiscard]] bool matches(const AsPath& path) const {
    for (const Asn asn : path.asns()) {
      if (matches(asn)) {
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] bool matches(Asn asn) const {
    return (bits_ >> (asn.value & 63) & 1) != 0 && asns_.contains(asn);
  }
  [[nodiscard]] const std::vector<PrefixMap<bool>::Entry>& prefixes() const {
    return prefixes_.entries();
  }
  [[nodiscard]] const std::unordered_set<Asn>& asns() const { return asns_; }

 private:
  PrefixMap<bool> prefixes_;
  std::unordered_set<Asn> asns_;
  std::uint64_t bits_ = 0;  ///< tells most ASNs that are not watched at once
};

}  // namespace isthmus::collector
