#include "collector/label/as_relations.hpp"

#include <algorithm>

#include <boost/unordered/unordered_flat_set.hpp>

namespace isthmus::collector {

std::string_view to_string(Relationship relationship) {
  switch (relationship) {
    case Relationship::Unknown:
      return "unknown";
    case Relationship::Provider:
      return "provider";
    case Relationship::Customer:
      return "customer";
    case Relationship::Peer:
      return "peer";
  }
  return "unknown";
}

std::span<const Asn> AsRelations::Lists::find(std::uint32_t key) const {
  const auto found = ranges.find(key);
  if (found == ranges.end()) {
    return {};
  }
  return std::span{items}.subspan(found->second.begin, found->second.size);
}

void AsRelations::Lists::fill(std::vector<std::pair<std::uint32_t, Asn>>& pairs) {
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  items.reserve(pairs.size());
  for (const auto& [key, asn] : pairs) {
    Range& range = ranges[key];
    if (range.size == 0) {
      range.begin = static_cast<std::uint32_t>(items.size());
    }
    ++range.size;
    items.push_back(asn);
  }
}

bool AsRelations::are_siblings(Asn left, Asn right) const {
  if (left == right) {
    return true;
  }
  const auto one = organisations_.find(left.value);
  const auto other = organisations_.find(right.value);
  return one != organisations_.end() && other != organisations_.end() &&
         one->second == other->second;
}

std::span<const Asn> AsRelations::siblings(Asn asn) const {
  const auto found = organisations_.find(asn.value);
  return found == organisations_.end() ? std::span<const Asn>{} : members_.find(found->second);
}

Relationship AsRelations::relationship(Asn asn, Asn other) const {
  const auto has = [](std::span<const Asn> list, Asn wanted) {
    return std::binary_search(list.begin(), list.end(), wanted);
  };
  if (has(providers(asn), other)) {
    return Relationship::Provider;
  }
  if (has(providers(other), asn)) {
    return Relationship::Customer;
  }
  return has(peers(asn), other) ? Relationship::Peer : Relationship::Unknown;
}

bool AsRelations::are_related(Asn left, Asn right) const {
  return are_siblings(left, right) || relationship(left, right) != Relationship::Unknown;
}

bool AsRelations::is_in_cone(Asn asn, Asn provider) const {
  if (asn == provider) {
    return true;
  }
  if (const auto cone = cones_.find(provider); !cone.empty()) {
    return std::binary_search(cone.begin(), cone.end(), asn);
  }
  if (customers(provider).empty()) {
    return false;
  }
  // Upwards, since an AS has few providers and a provider may have the whole Internet below it.
  std::vector<Asn> open{asn};
  boost::unordered_flat_set<std::uint32_t> seen{asn.value};
  while (!open.empty()) {
    const Asn next = open.back();
    open.pop_back();
    for (const Asn above : providers(next)) {
      if (above == provider) {
        return true;
      }
      if (seen.insert(above.value).second) {
        open.push_back(above);
      }
    }
  }
  return false;
}

std::size_t AsRelations::cone_size(Asn asn) const {
  if (const auto cone = cones_.find(asn); !cone.empty()) {
    return cone.size();
  }
  const auto found = cone_sizes_.find(asn.value);
  return found == cone_sizes_.end() ? 1 : found->second;
}

}  // namespace isthmus::collector
