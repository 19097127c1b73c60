#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/time.hpp"
#include "core/net/origin_table.hpp"
#include "core/route/route.hpp"

namespace isthmus::collector {

/// Finds who originates each prefix from the routes of a table dump, handed in one at a time.
///
/// The rules, applied to each prefix by itself:
///  1. Votes are counted by the peer's AS: ten sessions of one network are one voice.
///  2. An origin with one vote is left out where another origin has two or more: it is a leak, a
///     hijack of small reach or a customer's private view. Where no origin has two, all stay.
///  3. A number that no network can have (`Asn::is_reserved`) is left out where another is left.
///  4. A path that ends in a set gives each member of the set a vote; members of confederations
///     are not origins.
/// Routes that say nothing about an origin are not counted as votes, but under `passed`: no path,
/// AS 0 (RFC 7607), prefixes shorter than /8 or, in IPv6, /16: default routes and their halves,
/// which would hide that an address is not announced.
class RibOrigins {
 public:
  /// Table and Announce vote; the table is made from a dump, so nothing is ever withdrawn.
  void add(const Route& route);

  /// Number of routes that voted.
  [[nodiscard]] std::uint64_t votes() const { return votes_; }
  /// Routes that did not, by reason.
  [[nodiscard]] const std::map<std::string, std::uint64_t, std::less<>>& passed() const {
    return passed_;
  }
  /// The time of the newest route that voted: the date of the data. 1970 if there was none.
  [[nodiscard]] TimePoint newest() const { return newest_; }
  /// Hands over what the rules leave.
  void move_into(OriginTableBuilder& table);

 private:
  struct Votes {
    Asn first_group;
    bool several = false;  ///< whether a second group has voted
  };
  struct KeyHash {
    std::size_t operator()(const std::pair<Prefix, Asn>& key) const {
      return combine(hash_value(key.first), key.second.value);
    }
  };

  /// Why a route has no vote, or an empty text.
  static std::string_view reason_to_pass(const Route& route);
  void vote(const Prefix& prefix, Asn origin, Asn group);

  boost::unordered_flat_map<std::pair<Prefix, Asn>, Votes, KeyHash> votes_by_origin_;
  std::map<std::string, std::uint64_t, std::less<>> passed_;
  std::uint64_t votes_ = 0;
  TimePoint newest_{};
};

}  // namespace isthmus::collector
