#include "collector/feed/stuck_routes.hpp"

#include <algorithm>

namespace isthmus::collector {

void StuckRoutes::look(const std::map<Prefix, std::set<Asn>>& holders, std::size_t seeing,
                       TimePoint now) {
  const auto is_gone = [&holders](const auto& prefix) { return !holders.contains(prefix); };
  std::erase_if(common_, is_gone);
  std::erase_if(lonely_, [&](const auto& each) { return is_gone(each.first); });
  for (const auto& [prefix, asns] : holders) {
    if (asns.size() >= kCommon) {
      common_.insert(prefix);
    }
    if (asns.size() != 1 || seeing < kCommon || !common_.contains(prefix)) {
      lonely_.erase(prefix);
      continue;
    }
    const Asn asn = *asns.begin();
    const auto [place, is_new] = lonely_.try_emplace(prefix, Lonely{asn, now});
    if (!is_new && place->second.asn != asn) {
      place->second = {asn, now};
    }
  }
}

bool StuckRoutes::is_stuck(Asn asn, TimePoint now) const {
  return std::any_of(lonely_.begin(), lonely_.end(), [&](const auto& each) {
    return each.second.asn == asn && now - each.second.since >= kLong;
  });
}

}  // namespace isthmus::collector
