#include "collector/label/border_map.hpp"

#include <algorithm>

namespace isthmus::collector {

void BorderMap::add_address(const IpAddress& address, std::optional<Asn> origin) {
  const auto [place, fresh] = places_.emplace(address, static_cast<std::uint32_t>(routers_.size()));
  if (fresh) {
    Router router;
    router.origin = router.owner = origin.value_or(Asn{});
    routers_.push_back(std::move(router));
  }
}

void BorderMap::add_link(const IpAddress& address, const IpAddress& next) {
  const auto from = places_.find(address);
  const auto to = places_.find(next);
  if (from == places_.end() || to == places_.end() || from == to) {
    return;
  }
  auto& list = routers_[from->second].next;
  if (std::find(list.begin(), list.end(), to->second) == list.end()) {
    list.push_back(to->second);
  }
}

std::optional<Asn> BorderMap::owner(const IpAddress& address) const {
  const auto place = places_.find(address);
  if (place == places_.end() || routers_[place->second].owner.value == 0) {
    return std::nullopt;
  }
  return routers_[place->second].owner;
}

/// By ASN, so that what follows depends on no order.
std::vector<BorderMap::Vote> BorderMap::votes_of(const Router& router) const {
  std::vector<Vote> votes;
  for (const std::uint32_t place : router.next) {
    const Router& next = routers_[place];
    const Asn asn = next.origin.value != 0 ? next.origin : next.owner;
    if (asn.value == 0) {
      continue;
    }
    const auto at =
        std::lower_bound(votes.begin(), votes.end(), asn,
                         [](const Vote& vote, Asn wanted) { return vote.asn < wanted; });
    if (at != votes.end() && at->asn == asn) {
      ++at->count;
    } else {
      votes.insert(at, {asn, 1});
    }
  }
  return votes;
}

Asn BorderMap::judge(const Router& router, const AsRelations& relations) const {
  std::vector<Vote> votes = votes_of(router);
  if (votes.empty()) {
    return router.origin;
  }
  // More votes, or as many and the smaller cone.
  const auto weaker = [&](const Vote& left, const Vote& right) {
    return left.count != right.count
               ? left.count < right.count
               : relations.cone_size(left.asn) > relations.cone_size(right.asn);
  };
  const Asn own = router.origin;
  if (own.value == 0) {
    return std::max_element(votes.begin(), votes.end(), weaker)->asn;
  }
  const auto mine =
      std::find_if(votes.begin(), votes.end(), [&](const Vote& vote) { return vote.asn == own; });
  if (mine == votes.end() && votes.size() == 1) {
    const Asn next = votes.front().asn;
    const bool customer = relations.relationship(own, next) == Relationship::Customer;
    const std::size_t cone = relations.cone_size(next);
    const std::size_t own_cone = relations.cone_size(own);
    // Between related networks a tie leaves the address with its own.
    const bool smaller = relations.are_related(own, next) ? cone < own_cone : cone <= own_cone;
    return customer || smaller ? next : own;
  }
  if (mine != votes.end() && votes.size() == 1) {
    return own;
  }
  std::size_t all = 1;
  for (const Vote& vote : votes) {
    all += vote.count;
  }
  if (mine != votes.end()) {
    ++mine->count;
  } else {
    votes.push_back({own, 1});
  }
  const auto most = std::max_element(votes.begin(), votes.end(), weaker);
  if (most->count * 4 >= all * 3) {
    return most->asn;
  }
  votes.erase(std::remove_if(votes.begin(), votes.end(),
                             [&](const Vote& vote) {
                               return vote.asn != own && !relations.are_related(own, vote.asn);
                             }),
              votes.end());
  return std::max_element(votes.begin(), votes.end(), weaker)->asn;
}

void BorderMap::settle(const AsRelations& relations) {
  // Votes of nameless routers pass on from hop to hop; a trace is not longer than this.
  constexpr unsigned kMostRounds = 64;
  std::vector<Asn> found(routers_.size());
  for (unsigned round = 0; round < kMostRounds; ++round) {
    bool changed = false;
    for (std::size_t i = 0; i < routers_.size(); ++i) {
      found[i] = judge(routers_[i], relations);
    }
    for (std::size_t i = 0; i < routers_.size(); ++i) {
      changed |= routers_[i].owner != found[i];
      routers_[i].owner = found[i];
    }
    if (!changed) {
      return;
    }
  }
}

}  // namespace isthmus::collector
