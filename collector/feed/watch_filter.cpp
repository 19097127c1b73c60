#include "collector/feed/watch_filter.hpp"

namespace isthmus::collector {

WatchFilter::WatchFilter(const std::vector<Prefix>& prefixes, const std::vector<Asn>& asns)
    : asns_{asns.begin(), asns.end()} {
  for (const Prefix& prefix : prefixes) {
    prefixes_.insert(prefix, true);
  }
  for (const Asn asn : asns) {
    bits_ |= std::uint64_t{1} << (asn.value & 63);
  }
}

}  // namespace isthmus::collector
