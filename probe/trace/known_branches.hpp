#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/route/hop.hpp"
#include "probe/trace/trace_options.hpp"
#include "probe/trace/trace_state.hpp"

namespace isthmus::probe {

/// Keeps of an earlier multipath trace what the next one needs: the fewest flows that pass every
/// router and every link it showed (chosen greedily), and all addresses by TTL. `traces` are the
/// flows of one trace of one destination.
KnownBranches learn_branches(std::span<const Traceroute> traces);

/// The light form of multipath for daily rounds: visits the known branches again, each on its own
/// flow, and one fresh flow beside them, so that a new branch is met in time. On the 4x4 diamond 40
/// packets instead of 130.
///
/// True as long as the network is what it was; nothing wanted, with nothing outstanding, then means
/// that all is done. False as soon as an address shows that was not known at its TTL, a path ends
/// elsewhere, or a known address is missing without a silent probe packet that could excuse it: the
/// Multipath Detection Algorithm then has to go on from what was found.
bool plan_revisit(const TraceState& state, const TraceOptions& options,
                  std::vector<CellKey>& wanted);

}  // namespace isthmus::probe
