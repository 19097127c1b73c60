#pragma once

#include <vector>

#include "probe/trace/trace_state.hpp"

namespace isthmus::probe {

/// The Multipath Detection Algorithm with node control (Augustin, Friedman, Teixeira: Multipath
/// Tracing with Paris Traceroute, E2EMON 2007): for every interface seen, so many flows through it
/// are probed one hop further that a branch is missed with at most the wanted probability. Flows
/// are used again from hop to hop, so that each link is seen on one flow; where a hop shows a
/// single interface, every flow is taken to pass through it, as MDA-Lite does.
///
/// Call it when nothing is outstanding. Nothing wanted means that the topology is complete.
void plan_multipath(const TraceState& state, const TraceOptions& options,
                    std::vector<CellKey>& wanted);

}  // namespace isthmus::probe
