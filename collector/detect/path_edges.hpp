#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

#include "core/base/hash.hpp"
#include "core/net/asn.hpp"

namespace isthmus::collector {

/// Which ASes stood next to each other on the BGP paths to one target: what a traceroute with
/// silent hops is held against (detection.md c.2, steps 5 and 7).
class PathEdges {
 public:
  /// Takes in a cleaned path: the vantage point's AS first, the target's last. What is not a path
  /// to the target must not be handed in.
  void add(std::span<const Asn> path);

  /// Whether the two were seen side by side, in either order.
  [[nodiscard]] bool adjacent(Asn left, Asn right) const {
    return edges_.contains(std::minmax(left, right));
  }
  /// The ASes that were seen right before the target, ascending.
  [[nodiscard]] std::span<const Asn> neighbours() const { return neighbours_; }
  [[nodiscard]] std::size_t size() const { return edges_.size(); }

 private:
  using Edge = std::pair<Asn, Asn>;  ///< the smaller one first
  struct Hash {
    std::size_t operator()(const Edge& edge) const {
      return combine(edge.first.value, edge.second.value);
    }
  };

  boost::unordered_flat_set<Edge, Hash> edges_;
  std::vector<Asn> neighbours_;
};

}  // namespace isthmus::collector
