#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "core/base/time.hpp"
#include "core/net/asn.hpp"
#include "core/net/prefix.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// Where an upstream stands now, as metrics and the page say it (detection.md c.7 and e). Suspended
/// is what is known while the target cannot be reached: its clocks stand still.
enum class UpstreamState : std::uint8_t {
  Candidate,
  Probable,
  Confirmed,
  Established,
  Suspended,
  Withdrawn,
};
inline constexpr std::size_t kUpstreamStates = 6;

/// "candidate" to "withdrawn".
std::string_view to_string(UpstreamState state);

/// What an upstream is to the target, by who else hears its route (the export test, b.6).
enum class UpstreamClass : std::uint8_t { Unknown, Transit, Peer };

/// "unknown", "transit" or "peer".
std::string_view to_string(UpstreamClass upstream_class);

/// An upstream's part on one plane.
struct PlaneShare {
  Plane plane = Plane::Control;
  double share = 0;          ///< of the target's space, 0 to 1
  double lower = 0;          ///< 5 % bound of the share (c.8)
  double upper = 1;          ///< 95 % bound
  double hegemony = 0;       ///< 0 to 1
  std::size_t vantages = 0;  ///< vantage groups that name it now for some prefix
  friend bool operator==(const PlaneShare&, const PlaneShare&) = default;
};

/// Upper bounds of the buckets of `RttStats`, in seconds; one more bucket holds what is above.
inline constexpr std::array<double, 9> kRttBounds{.005, .01, .025, .05, .1, .25, .5, 1, 2.5};

/// Round-trip times to destinations whose traceroutes went over an upstream.
struct RttStats {
  std::array<std::uint64_t, kRttBounds.size() + 1> counts{};  ///< each bucket alone
  std::uint64_t count = 0;
  double sum = 0;  ///< seconds
  std::optional<Duration> min;
  std::optional<Duration> median;  ///< of the last ones
  std::optional<Duration> gap;     ///< median from the upstream's last router to the destination
  friend bool operator==(const RttStats&, const RttStats&) = default;
};

struct UpstreamStatus {
  Asn asn;
  UpstreamState state = UpstreamState::Candidate;
  std::vector<PlaneShare> planes;  ///< those with observations of the target
  double score = 0;                ///< nats, of what is not known yet; else 0
  double confidence = 0;  ///< 0 to 1: of the confirmation, or of the score while there is none
  std::optional<TimePoint> first_seen;
  std::optional<TimePoint> last_seen;
  std::optional<TimePoint> confirmed_at;
  std::string upstream_class = "unknown";  ///< "transit", "peer" or "unknown"
  bool via_ixp = false;
  std::optional<Asn> front_of;  ///< the upstream before it, for which it only stands in front
  RttStats rtt;
  friend bool operator==(const UpstreamStatus&, const UpstreamStatus&) = default;
};

/// One watched prefix on one plane.
struct PrefixPlane {
  Plane plane = Plane::Control;
  double reachable = 0;               ///< part of the groups that have a route, 0 to 1
  std::vector<UpstreamShare> shares;  ///< the greatest first
  friend bool operator==(const PrefixPlane&, const PrefixPlane&) = default;
};

struct PrefixStatus {
  Prefix prefix;
  std::vector<PrefixPlane> planes;
  friend bool operator==(const PrefixStatus&, const PrefixStatus&) = default;
};

/// Vantage groups of one plane by what is known of them: each by the best that one of its points
/// says of one of the prefixes.
struct VantageCounts {
  Plane plane = Plane::Control;
  std::size_t conclusive = 0;    ///< name an upstream
  std::size_t inconclusive = 0;  ///< said nothing that could be used
  std::size_t unreachable = 0;   ///< have no way to the target
  std::size_t stale = 0;         ///< have said nothing for longer than the freshness window
  friend bool operator==(const VantageCounts&, const VantageCounts&) = default;
};

/// What is known of one target in one address family.
struct TargetStatus {
  std::string target;
  Family family = Family::Ipv4;
  TimePoint time;                       ///< the moment this holds for
  std::vector<VantageCounts> vantages;  ///< planes with observations
  std::vector<UpstreamStatus> upstreams;
  std::vector<PrefixStatus> prefixes;
  double plane_disagreement = 0;  ///< 0 to 1, see `plane_disagreement`
  bool learning = false;
  friend bool operator==(const TargetStatus&, const TargetStatus&) = default;
};

/// Why probes are asked to measure at once.
enum class SweepKind : std::uint8_t { Suspicion, Hold };
inline constexpr std::size_t kSweepKinds = 2;

/// "suspicion" or "hold".
std::string_view to_string(SweepKind kind);

/// All vantage groups are to trace a target: at first suspicion, so that detection does not wait
/// for the next round, and after the hold time, so that it is confirmed by what was measured then.
struct SweepRequest {
  std::string target;
  Family family = Family::Ipv4;
  std::optional<Prefix> prefix;  ///< the one that the suspicion is about; nothing: all
  Asn upstream;
  SweepKind kind = SweepKind::Suspicion;
  TimePoint at;  ///< when to trace; may lie ahead
  friend bool operator==(const SweepRequest&, const SweepRequest&) = default;
};

/// What has been counted since the detector was made or restored.
struct DetectorCounters {
  std::map<std::tuple<std::string, Plane, Grade>, std::uint64_t> observations;  ///< by target
  std::map<std::pair<Plane, std::string>, std::uint64_t> rejected;              ///< by reason
  std::map<Plane, std::uint64_t> late;        ///< came after something newer of the same vantage
  std::map<Plane, std::uint64_t> duplicates;  ///< came before
  std::map<std::pair<std::string, std::string>, std::uint64_t> suppressed;  ///< by target, reason
  std::map<std::pair<std::string, SweepKind>, std::uint64_t> sweeps;        ///< by target
  friend bool operator==(const DetectorCounters&, const DetectorCounters&) = default;
};

}  // namespace isthmus::collector
