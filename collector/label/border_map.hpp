#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "collector/label/as_relations.hpp"
#include "core/net/address.hpp"

namespace isthmus::collector {

/// Whose routers the addresses of many traceroutes belong to, where the longest prefix alone is
/// wrong: a link between two networks is numbered from the space of one of them, so the router of
/// the other answers with a foreign address.
///
/// Uses the rules of bdrmapIT (Marder et al., IMC 2018) that need no alias resolution: each address
/// is a router of its own. What the next hops belong to votes:
///  - next hops without a name vote for what they were found to be; peering LANs have no vote
///  - one AS follows, the own one does not: the router is that AS's if it is a customer, or has the
///    smaller cone
///  - several follow: three quarters decide, else the most votes among the own AS and what is
///  related
///    to it, else the smaller cone
///  - nobody follows: the own AS
/// until nothing changes.
class BorderMap {
 public:
  /// Says what the origin table calls an address; nothing if it has no single AS.
  void add_address(const IpAddress& address, std::optional<Asn> origin);
  /// Two answers in a row; both must have been added as addresses.
  void add_link(const IpAddress& address, const IpAddress& next);

  /// Finds the owners. The result does not depend on the order in which things were added.
  void settle(const AsRelations& relations);

  /// The AS whose router has the address; nothing before `settle`, or if nobody can say.
  [[nodiscard]] std::optional<Asn> owner(const IpAddress& address) const;
  [[nodiscard]] std::size_t size() const { return routers_.size(); }

 private:
  struct Router {
    Asn origin;  ///< 0: none
    Asn owner;
    std::vector<std::uint32_t> next;
  };
  struct Vote {
    Asn asn;
    std::size_t count = 0;
  };

  [[nodiscard]] std::vector<Vote> votes_of(const Router& router) const;
  [[nodiscard]] Asn judge(const Router& router, const AsRelations& relations) const;

  boost::unordered_flat_map<IpAddress, std::uint32_t> places_;
  std::vector<Router> routers_;
};

}  // namespace isthmus::collector
