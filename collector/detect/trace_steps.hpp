#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "collector/detect/trace_upstream.hpp"

namespace isthmus::collector {

/// What a TTL of a trace says of the way.
enum class StepKind : std::uint8_t {
  Silent,       ///< no answer
  Target,       ///< a network of the target, a sibling's included
  As,           ///< one AS
  Ambiguous,    ///< several ASes: MOAS, or answers from several networks
  Exchange,     ///< a peering LAN, no known member
  Special,      ///< private and other special-purpose space
  Unannounced,  ///< space that nobody announces
};

/// One TTL of a trace, its answers put together.
struct TraceStep {
  std::uint8_t ttl = 0;
  StepKind kind = StepKind::Silent;
  std::vector<Asn> asns;             ///< As: one; Ambiguous: several, ascending
  std::vector<IpAddress> addresses;  ///< each once, in the order of the answers
  std::optional<Duration> rtt;       ///< the shortest
  bool destination = false;          ///< the destination's own final answer
  bool exchange = false;             ///< within a peering LAN, whoever's port it is
  bool target_member = false;        ///< within a LAN of an exchange at which the target is
  bool registered = false;           ///< named by a registry only
  bool sibling = false;              ///< Target by its organisation, not by its origin
  bool moas = false;                 ///< Ambiguous, or was until its neighbours settled it
  bool several_networks = false;     ///< answers to one TTL came from several ASes
  bool mpls = false;                 ///< carries a label stack, or quotes a TTL above 1
  bool rewritten = false;            ///< the probe had been changed on its way here
};

/// The steps of a trace up to the destination's first answer, without gaps in the TTL.
struct TraceSteps {
  std::vector<TraceStep> steps;
  bool loop = false;                      ///< cut where an address came back
  std::optional<std::uint8_t> reply_ttl;  ///< of the destination's first answer
  bool hail_mary = false;                 ///< answers to TTLs above 64 were dropped
  bool filtered = false;                  ///< a router said that it would not deliver
};

/// Steps 0 to 2 of EXTRACT_D: what is accepted as an answer, whose it is, and where loops end it.
TraceSteps read_steps(const LabelledTrace& trace, const TraceContext& context);

}  // namespace isthmus::collector
