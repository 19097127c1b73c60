#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/route/vantage_point.hpp"

namespace isthmus {

/// How far the name of an upstream may be believed; the rules are detection.md's c.2 and c.3.
enum class Grade : std::uint8_t { A, B, C, D, X };

/// "A" to "D"; "X" is inconclusive.
std::string_view to_string(Grade grade);

/// What an observation says of the way to a prefix.
enum class Verdict : std::uint8_t { Upstream, Unreachable, Inconclusive };

/// "upstream", "unreachable" or "inconclusive".
std::string_view to_string(Verdict verdict);

/// What only a traceroute can say besides the upstream's name (detection.md c.2).
struct TraceEvidence {
  std::vector<IpAddress>
      upstream_addresses;       ///< hops labelled as the upstream, nearest to the target last
  std::uint8_t run_length = 0;  ///< distinct addresses of the upstream in a row
  std::uint8_t gap = 0;         ///< hops without a name between the upstream and the target
  bool via_ixp = false;
  bool reached = false;  ///< the destination itself, or a hop in the target, answered
  std::optional<Duration> rtt;
  std::optional<Duration> gap_rtt;
  friend bool operator==(const TraceEvidence&, const TraceEvidence&) = default;
};

/// What one vantage point saw of one prefix at one time, in the words that the detector
/// understands.
struct Observation {
  TimePoint time;          ///< when it was true
  TimePoint receive_time;  ///< when the collector had it
  VantagePoint vantage;
  std::string target;  ///< the target's name
  Prefix prefix;       ///< a watched prefix of the target
  Verdict verdict = Verdict::Inconclusive;
  /// The AS that hands traffic to the target. More than one where an AS_SET stands next to it, each
  /// then with its part of the vote; empty unless the verdict is Upstream.
  std::vector<Asn> upstreams;
  Grade grade = Grade::X;
  std::vector<std::string> reasons;  ///< why this grade, or why inconclusive: a closed vocabulary
  std::vector<Asn> path;  ///< cleaned AS hops, vantage point first, origin last; may be empty
  std::string raw_path;   ///< control plane: the AS_PATH as it was received
  std::optional<TraceEvidence> trace;  ///< data plane only
  /// Names the stored raw record: equal for every copy of the same observation, so that duplicates
  /// are found and evidence can be looked up.
  std::uint64_t evidence_id = 0;

  friend bool operator==(const Observation&, const Observation&) = default;
};

/// A vantage point had, from this time on, a route (or no route) to a watched prefix whose upstream
/// is this: the run-length form in which history is kept.
struct RouteInterval {
  std::string target;
  Prefix prefix;
  VantagePoint vantage;
  Verdict verdict = Verdict::Upstream;
  std::optional<Asn> upstream;
  std::string path;  ///< the AS_PATH, as `bgpdump -m` writes it; for traceroutes the AS hops
  TimePoint from;
  std::optional<TimePoint> until;  ///< nothing while it lasts
  friend bool operator==(const RouteInterval&, const RouteInterval&) = default;
};

}  // namespace isthmus
