#pragma once

#include <map>
#include <set>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"

namespace isthmus::collector {

/// Finds peers that are stuck: which still tell of a prefix long after everybody else has given it
/// up (Fontugne et al., "BGP zombies", PAM 2019). Pure; time is a parameter.
class StuckRoutes {
 public:
  /// A withdrawal has gone everywhere by then, says the paper.
  static constexpr Duration kLong = std::chrono::minutes{90};
  /// So many ASes must have told of a prefix before one alone is odd, and so many must see now.
  static constexpr std::size_t kCommon = 3;

  /// Which ASes have a route to each prefix now. `seeing` is the number of ASes that have any.
  void look(const std::map<Prefix, std::set<Asn>>& holders, std::size_t seeing, TimePoint now);
  /// Whether one of the prefixes that an AS tells of is such.
  [[nodiscard]] bool is_stuck(Asn asn, TimePoint now) const;

 private:
  struct Lonely {
    Asn asn;
    TimePoint since;
  };
  std::set<Prefix> common_;  ///< were told of by kCommon ASes once, and by one still
  std::map<Prefix, Lonely> lonely_;
};

}  // namespace isthmus::collector
