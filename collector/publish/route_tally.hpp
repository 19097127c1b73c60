#pragma once

#include <map>
#include <optional>

#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// Shares of a target's upstreams while routes come and go, as the detector counts them
/// (detection.md c.8): each vantage group has one vote for each prefix, divided among its points;
/// prefixes weigh as much as they have addresses; who has no route has no vote.
class RouteTally {
 public:
  void add(const Prefix& prefix, Asn group, Asn upstream) { change(prefix, group, upstream, 1); }
  void remove(const Prefix& prefix, Asn group, Asn upstream) {
    change(prefix, group, upstream, -1);
  }

  /// Whether there is any route.
  [[nodiscard]] bool any() const { return weight_ > 0; }
  /// Vantage groups with a route: the mean over prefixes.
  [[nodiscard]] double groups() const { return any() ? groups_ / weight_ : 0; }
  /// Calls back with each upstream and its share, 0 to 1.
  template <typename F>
  void each_share(const F& visit) const {
    for (const auto& [upstream, sum] : sums_) {
      if (any() && sum > kNothing * weight_) {
        visit(upstream, sum / weight_);
      }
    }
  }

 private:
  /// Sums of shares that should be zero may be this much off, for they are added and taken away.
  static constexpr double kNothing = 1e-9;

  struct Votes {
    double weight = 0;
    std::map<Asn, std::map<Asn, int>> groups;  ///< points by group and upstream
    std::map<Asn, double> parts;               ///< of the votes, by upstream
  };

  void change(const Prefix& prefix, Asn group, Asn upstream, int by);
  void count(const Votes& votes, double sign);

  std::map<Prefix, Votes> prefixes_;
  std::map<Asn, double> sums_;  ///< weight times share, by upstream
  double weight_ = 0;           ///< of the prefixes that have a route
  double groups_ = 0;           ///< weight times groups
};

}  // namespace isthmus::collector
