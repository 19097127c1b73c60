#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/net/address.hpp"
#include "core/net/prefix.hpp"
#include "core/route/hop.hpp"

namespace isthmus {

/// A prefix of a target and the addresses in it that stand for it.
struct PlanPrefix {
  Prefix prefix;
  std::vector<IpAddress> destinations;
  friend bool operator==(const PlanPrefix&, const PlanPrefix&) = default;
};

/// What to trace in rounds.
struct PlanTarget {
  std::string name;
  std::vector<PlanPrefix> prefixes;
  Duration interval = std::chrono::seconds{60};
  std::vector<ProbeMethod> methods{ProbeMethod::Udp};  ///< rotated round by round
  std::uint16_t flows = 16;                            ///< Paris flows to rotate through
  friend bool operator==(const PlanTarget&, const PlanTarget&) = default;
};

/// Traces out of turn, because the detector suspects a change.
struct PlanSweep {
  std::uint64_t id = 0;  ///< comes back as SequencedTraceroute::request
  std::vector<IpAddress> destinations;
  std::uint16_t flows = 2;  ///< further flows to each destination
  ProbeMethod method = ProbeMethod::Udp;
  TimePoint at;                                ///< when to begin; in the past: now
  Duration spacing = std::chrono::seconds{3};  ///< between the flows of one destination
  friend bool operator==(const PlanSweep&, const PlanSweep&) = default;
};

/// One trace for a person who waits for it.
struct PlanTrace {
  std::uint64_t id = 0;
  IpAddress destination;
  ProbeMethod method = ProbeMethod::Udp;
  std::uint16_t flow = 0;
  std::uint8_t max_ttl = 32;
  TimePoint until;  ///< not begun after this
  friend bool operator==(const PlanTrace&, const PlanTrace&) = default;
};

/// What the collector asks for; the owner's own limits come before it. 0: no wish.
struct PlanLimits {
  double rate = 0;              ///< probe packets a second in all
  double destination_rate = 0;  ///< towards one destination
  friend bool operator==(const PlanLimits&, const PlanLimits&) = default;
};

/// What a probe shall measure, as GET /probe/v1/plan answers it.
struct PlanMessage {
  std::string etag;  ///< changes when the plan does
  std::vector<PlanTarget> targets;
  std::vector<PlanSweep> sweeps;
  std::vector<PlanTrace> traces;
  PlanLimits limits;
  friend bool operator==(const PlanMessage&, const PlanMessage&) = default;
};

/// Bounds of a plan: bytes, and addresses, sweeps and traces in it.
inline constexpr std::size_t kMaxPlanBytes = std::size_t{8} << 20;
inline constexpr std::size_t kMaxPlanTargets = 4'096;
inline constexpr std::size_t kMaxPlanDestinations = 65'536;
inline constexpr std::size_t kMaxPlanSweeps = 1'024;

std::string encode_plan(const PlanMessage& plan);
/// Refuses what is malformed, past the bounds, or of a newer version.
Result<PlanMessage> decode_plan(Bytes input);

}  // namespace isthmus
