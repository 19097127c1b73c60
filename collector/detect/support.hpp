#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "collector/detect/detector_tables.hpp"
#include "collector/detect/upstream_record.hpp"
#include "collector/detect/vantage_state.hpp"

namespace isthmus::collector {

/// The moment at which a target is judged.
struct Scene {
  const Target& target;
  Family family;
  const DetectorSettings& settings;
  const DetectorTables& tables;
  const StateMap& states;
  TimePoint now;
  Ballot control;
  Ballot data;

  /// The plane that shares are counted on: packets where enough of them were measured.
  [[nodiscard]] const Ballot& ballot() const { return data.live() >= 3 ? data : control; }
  [[nodiscard]] Plane plane() const { return data.live() >= 3 ? Plane::Data : Plane::Control; }
  [[nodiscard]] std::size_t live() const;
};

/// What one BGP vantage group says of an upstream.
struct GroupSupport {
  Duration standing{};    ///< for how long it has named it
  double weight = 0;      ///< 1, or 1/2 if only beside others in an AS_SET
  bool switched = false;  ///< from a known upstream, within the day before
  bool self_report = true;
  bool valley = false;       ///< its path has the shape of a leak
  bool rov_invalid = false;  ///< its route is RPKI-invalid
  Asn before;                ///< the AS that stands before the upstream in its path; 0 without
};

/// Everything that speaks for an upstream at one moment.
struct Support {
  std::map<Asn, GroupSupport> groups;  ///< BGP
  std::set<std::string> collectors;    ///< that have a group standing long enough
  std::map<Asn, Asn> data_before;      ///< groups whose packets go over it: the AS before it
  std::size_t data_groups = 0;         ///< that name it now
  std::size_t data_elsewhere = 0;      ///< that name others, and never this one
  std::size_t data_switched = 0;       ///< that name it, and had a known one within a day
  std::size_t witnesses = 0;           ///< data groups with W_g >= 2
  std::size_t held_witnesses = 0;      ///< that named it after the persistence time and still do
  bool diverse = false;                ///< two addresses of the upstream were seen
  bool contradicted = false;  ///< the data plane conclusively sees others, and never this one
  bool other_host = false;    ///< for half of those that weigh, not the target answers
  bool behind_known = false;  ///< half of those that weigh come to it through a known upstream
  bool inserted = false;      ///< and nearly nobody goes over that one alone any more

  [[nodiscard]] bool empty() const { return groups.empty() && data_groups == 0; }
  /// BGP groups that have stood for so long, an AS's own word only beside another's.
  [[nodiscard]] std::size_t standing(Duration at_least) const;
  /// Those of them that came from a known upstream.
  [[nodiscard]] std::size_t switched(Duration at_least) const;
  /// At least half of the groups have a path with a valley.
  [[nodiscard]] bool leak_shaped() const;
  /// At least half of the groups have a route that RPKI says is invalid.
  [[nodiscard]] bool rov_invalid() const;
};

Support support_of(const Scene& scene, const UpstreamRecord& record);

/// What the score is made of (detection.md c.6): all of it can be counted again from what is
/// stored.
struct ScoreInputs {
  const UpstreamRecord& record;  ///< its weights
  TimePoint now;
  std::size_t standing = 0;  ///< BGP groups
  std::size_t switched = 0;  ///< of them
  bool known_edge = false;   ///< it was an upstream before
  bool known_network = false;
  bool leak_shaped = false;
  bool rov_invalid = false;
};
std::vector<ScoreTerm> score_terms(const ScoreInputs& inputs, const DetectorSettings& settings);
std::vector<ScoreTerm> score_terms(const Scene& scene, const UpstreamRecord& record,
                                   const Support& support);
double total(const std::vector<ScoreTerm>& terms);

/// Whether tables from outside speak for an upstream: the target has authorised it (ASPA), or it is
/// a network with ten customers or more.
bool is_known_network(const Scene& scene, Asn asn);

/// Score and consensus suffice to say "probable". `extra`: witnesses that are asked for besides.
bool is_probable(const Scene& scene, const Support& support, double score, std::size_t extra);

/// The rule that confirms, and the most confidence it can give.
struct Confirmation {
  std::string_view rule;
  double cap = 1;
};
std::optional<Confirmation> confirm(const Scene& scene, const UpstreamRecord& record,
                                    const Support& support, double score, std::size_t extra);
/// The same for an upstream that was confirmed before and comes back.
std::optional<Confirmation> confirm_return(const Scene& scene, const UpstreamRecord& record,
                                           const Support& support);

/// Lengths of standing at which a decision may change: when to look again.
std::vector<Duration> decisive_lengths(const DetectorSettings& settings);

}  // namespace isthmus::collector
