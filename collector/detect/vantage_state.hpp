#pragma once

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "collector/detect/rtt_window.hpp"
#include "collector/detect/target.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// What one vantage point says of one prefix: with ADD-PATH, of one of its paths.
struct StateKey {
  Prefix prefix;
  VantagePoint vantage;
  std::uint32_t path_id = 0;
  friend auto operator<=>(const StateKey&, const StateKey&) = default;

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.prefix, self.vantage, self.path_id);
  }
};

/// The state of a vantage point for a prefix, and what it was before.
struct VantageState {
  Observation now;             ///< what it says; the time is that of the last change of the path
  TimePoint since;             ///< since when it has said this verdict and these upstreams
  TimePoint last;              ///< when it said last how things are: freshness counts from there
  TimePoint heard;             ///< when it was heard last, conclusive or not
  std::uint64_t heard_id = 0;  ///< evidence of that
  std::uint8_t silent = 0;     ///< traceroutes in a row in which the target did not answer
  bool had_before = false;
  std::vector<Asn> path_before;   ///< the AS hops before `since`
  std::optional<Asn> last_known;  ///< the known upstream that it had last, other than now
  TimePoint last_known_at;        ///< until when it had it
  std::optional<Asn> foreign_origin;
  bool answered = false;                 ///< data plane: the target itself answered once
  RttWindow rtt;                         ///< since `since`
  RttWindow rtt_before;                  ///< over the upstream before
  Asn transit_before;                    ///< stood before the upstream until `rerouted_at`
  std::optional<TimePoint> rerouted_at;  ///< another network stands before the same upstream since

  template <typename Self, typename Archive>
  static void fields(Self& self, Archive& archive) {
    archive(self.now, self.since, self.last, self.heard, self.heard_id, self.silent,
            self.had_before, self.path_before, self.last_known, self.last_known_at,
            self.foreign_origin, self.answered, self.rtt, self.rtt_before, self.transit_before,
            self.rerouted_at);
  }
};

using StateMap = std::map<StateKey, VantageState>;

/// The vote of one vantage group for one prefix: its points' conclusive states, each with the same
/// part.
struct GroupVote {
  std::map<Asn, double> upstreams;  ///< parts that add up to 1, or none
  double unreachable = 0;           ///< part of the points that have no route
  /// For each upstream the time since which the group names it: the longest standing point counts.
  std::map<Asn, TimePoint> since;
};

/// All votes at one time.
struct Ballot {
  std::map<Prefix, std::map<Asn, GroupVote>> votes;  ///< by prefix and group
  std::map<Asn, bool> groups;       ///< live groups; true if at least one of its points has a route
  std::map<Asn, bool> unreachable;  ///< live groups, true if they have no route to any prefix

  /// Groups that count for one thing or the other.
  [[nodiscard]] std::size_t live() const { return groups.size(); }
};

/// For how long a traceroute says how things are (detection.md c.4).
Duration freshness(const DetectorSettings& settings);

/// Whether a state still counts: a BGP route until it is replaced, a traceroute while it is fresh.
bool is_fresh(const StateKey& key, const VantageState& state, TimePoint now,
              const DetectorSettings& settings);

/// Counts the states of one plane; what is stale on the data plane counts no more.
Ballot count_votes(const StateMap& states, Plane plane, TimePoint now,
                   const DetectorSettings& settings);

/// Part of the target's space that goes over an upstream: over the groups with a route, weighted by
/// the prefixes' sizes.
struct Share {
  double share = 0;
  double groups = 0;  ///< n: groups with a route, the mean over prefixes
};
Share share_of(const Ballot& ballot, Asn upstream);
/// The same for one prefix.
Share prefix_share(const Ballot& ballot, const Prefix& prefix, Asn upstream);

/// The AS that stands before another in a path; 0 if there is none.
Asn as_before(const std::vector<Asn>& path, Asn asn);

/// The number of addresses for IPv4, of /64 networks for IPv6: the weight of a prefix.
double prefix_weight(const Prefix& prefix);

}  // namespace isthmus::collector
