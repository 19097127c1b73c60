#include "collector/label/ixp_table.hpp"

#include <algorithm>

namespace isthmus::collector {

std::optional<IxpMatch> IxpTable::find(const IpAddress& address) const {
  const auto match = lans_.longest_match(address);
  if (!match) {
    return std::nullopt;
  }
  IxpMatch found;
  found.lan = Prefix::covering(address, match->length);
  found.ixp = &exchanges_[match->value];
  if (const auto port = ports_.find(address); port != ports_.end()) {
    found.member = port->second;
  }
  return found;
}

Result<IxpTable> IxpTableBuilder::build() {
  IxpTable table;
  std::map<Key, std::uint32_t> places;
  for (const auto& [prefix, lan] : lan_prefixes_) {
    lans_.emplace_back(prefix, exchange_of_lan(lan));
  }
  const auto place_of = [&](const Key& key) {
    const auto [place, fresh] =
        places.emplace(key, static_cast<std::uint32_t>(table.exchanges_.size()));
    if (fresh) {
      Ixp ixp = std::move(exchanges_[key]);
      std::sort(ixp.members.begin(), ixp.members.end());
      ixp.members.erase(std::unique(ixp.members.begin(), ixp.members.end()), ixp.members.end());
      table.exchanges_.push_back(std::move(ixp));
    }
    return place->second;
  };
  // Of two exchanges with one LAN the first one counts: CAIDA's, which has merged several sources.
  std::stable_sort(lans_.begin(), lans_.end(), [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first < right.first
                                     : left.second.first < right.second.first;
  });
  std::vector<PrefixTable::Entry> entries;
  for (const auto& [prefix, key] : lans_) {
    if (entries.empty() || entries.back().prefix != prefix) {
      entries.push_back({prefix, place_of(key)});
    }
  }
  auto lans = PrefixTable::build(entries);
  if (!lans) {
    return unexpected{lans.error().within("exchanges")};
  }
  table.lans_ = std::move(*lans);
  table.ports_ = std::move(ports_);
  *this = {};
  return table;
}

}  // namespace isthmus::collector
