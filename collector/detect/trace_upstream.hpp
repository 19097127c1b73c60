#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "collector/detect/path_edges.hpp"
#include "collector/detect/target.hpp"
#include "collector/label/as_relations.hpp"
#include "collector/label/labelled_trace.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// What is known of a target besides the trace. All of it may be missing: the reading then says
/// less, never something else.
struct TraceContext {
  const Target& target;
  Prefix prefix;                           ///< the watched prefix that the destination lies in
  const AsRelations* relations = nullptr;  ///< of files
  const PathEdges* edges = nullptr;        ///< of the BGP paths to the target
  std::span<const Asn> known = {};         ///< known(T): confirmed once, or configured; ascending
  std::span<const Asn> established = {};   ///< established(T), ascending
  /// The shortest way light can go to the target and back, if somebody knows where it is: a shorter
  /// answer is not the target's.
  std::optional<Duration> rtt_floor;
  /// What the TTL of the destination's answers starts at (64, 128, 255): another start is another
  /// host.
  std::optional<std::uint8_t> initial_ttl;
  std::optional<TimePoint> receive_time;  ///< the trace's end, if it is not given
};

/// Reads the upstream of a target out of a labelled traceroute to it (EXTRACT_D, detection.md c.2).
/// Nothing if the destination does not lie in the context's prefix. An AS is named only if a hop's
/// label, or the BGP paths to the target, name it.
///
/// `trace` of the observation is always there. Whether the destination is unreachable cannot be
/// said from one trace: `trace->reached` is false where neither it nor a hop of the target
/// answered, and c.4 makes a verdict of three of these.
///
/// Of the third-party pattern (step 5, D) the observation names the established upstream in front
/// of the doubtful hop, with grade C and reason "third_party"; the doubtful one stays in `path`.
std::optional<Observation> read_trace(const LabelledTrace& trace, const TraceContext& context);

/// Every reason that a reading may give, ascending: the closed vocabulary of metrics.
std::span<const std::string_view> trace_reasons();

/// What the TTL of an answer started at: 32, 64, 128 or 255, the smallest that is large enough.
std::uint8_t initial_ttl(std::uint8_t reply_ttl);

}  // namespace isthmus::collector
