#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/route/observation.hpp"

namespace isthmus {

/// The closed list of what can be told (detection.md e).
enum class EventType : std::uint8_t {
  UpstreamCandidate,
  UpstreamProbable,
  UpstreamNew,
  UpstreamDiscovered,
  UpstreamEstablished,
  UpstreamWithdrawn,
  UpstreamLost,
  UpstreamReturned,
  UpstreamFlapping,
  UpstreamInserted,
  PrefixMoved,
  ShareShift,
  TransitShift,
  Failover,
  OriginChange,
  SuspectedLeak,
  SuspectedHijack,
  PropagationLoss,
  TargetUnreachable,
  TargetReachable,
  PlaneDisagreement,
  CoverageLow,
  CoverageOk,
  Amended,
  Dismissed,
};

/// Every type, in the order of the enumeration.
inline constexpr std::size_t kEventTypes = static_cast<std::size_t>(EventType::Dismissed) + 1;

/// "upstream_new": the name in metrics, exports and alerts.
std::string_view to_string(EventType type);
std::optional<EventType> parse_event_type(std::string_view text);

enum class Severity : std::uint8_t { Info, Notice, Warning, Critical };

/// "info" to "critical".
std::string_view to_string(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);

/// The part of the vantage groups that reach something through an upstream, 0 to 1.
struct UpstreamShare {
  Asn asn;
  double share = 0;
  friend bool operator==(const UpstreamShare&, const UpstreamShare&) = default;
};

/// What changed for one watched prefix.
struct PrefixChange {
  Prefix prefix;
  double share_before = 0;  ///< of the event's upstream, 0 to 1
  double share_after = 0;
  friend bool operator==(const PrefixChange&, const PrefixChange&) = default;
};

/// One summand of the evidence score, in nats (detection.md c.6): the score can be added up again
/// from the terms.
struct ScoreTerm {
  std::string name;     ///< "group", "bgp", "prior.leak_shape", ...
  std::string subject;  ///< the vantage group it belongs to, or empty
  double nats = 0;
  friend bool operator==(const ScoreTerm&, const ScoreTerm&) = default;
};

/// A vantage point that speaks for the event, or against it, with what it saw before and after.
struct Witness {
  VantagePoint vantage;
  Prefix prefix;
  TimePoint time;
  Grade grade = Grade::X;
  std::uint64_t evidence_id = 0;  ///< of the observation, as stored
  std::string path_before;        ///< AS hops; empty if there was no route
  std::string path_after;
  bool switched = false;  ///< had a known upstream within the last day (c.5, the switch test)
  friend bool operator==(const Witness&, const Witness&) = default;
};

/// A parameter or a data set that was in force: name and value, or name and version.
struct NamedValue {
  std::string name;
  std::string value;
  friend bool operator==(const NamedValue&, const NamedValue&) = default;
};

/// A change that was found, with all that is needed to check it (detection.md c.11 and e).
struct Event {
  static constexpr int kSchemaVersion = 1;

  std::string
      id;  ///< a ULID whose random part is a digest of the content: the same in every replay
  EventType type = EventType::UpstreamCandidate;
  Severity severity = Severity::Info;
  TimePoint time;  ///< when the last condition became true, in observation time
  std::string target;
  Family family = Family::Ipv4;
  std::optional<Asn> upstream;
  std::string upstream_name;  ///< from the label tables, may be empty
  std::vector<UpstreamShare> previous_upstreams;
  std::vector<PrefixChange> prefixes;
  std::optional<TimePoint> first_seen;
  std::optional<TimePoint> probable_at;
  std::optional<TimePoint> confirmed_at;
  std::optional<TimePoint> ended_at;
  double share = 0;        ///< of the target's space over this upstream after the event, 0 to 1
  double share_lower = 0;  ///< 5 % and 95 % bounds (c.8)
  double share_upper = 0;
  double hegemony = 0;
  double confidence = 0;  ///< 0 to 1
  double score = 0;       ///< nats: the sum of `terms`
  std::vector<ScoreTerm> terms;
  std::vector<Witness> witnesses;         ///< at most 200
  std::vector<Witness> counter_evidence;  ///< groups that still see another upstream, at most 200
  std::vector<Plane> planes;
  std::string rule;     ///< which path of the lifecycle fired: "fused", "control_plane_only", ...
  std::string summary;  ///< one sentence for people: who, what, which prefixes, seen from where
  std::vector<NamedValue> thresholds;
  std::vector<NamedValue> dataset_versions;
  std::optional<std::string> amends;  ///< id of the event that this one corrects or continues

  friend bool operator==(const Event&, const Event&) = default;
};

/// The order in which events are told: by time, then target, type, upstream, identity.
bool precedes(const Event& left, const Event& right);

}  // namespace isthmus
