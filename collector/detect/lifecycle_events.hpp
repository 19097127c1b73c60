#pragma once

#include "collector/detect/departure.hpp"
#include "collector/detect/event_builder.hpp"
#include "collector/detect/suspicion.hpp"

/// What is told of an upstream at each step of its life, with its sentence for people. None of
/// these is sealed.
namespace isthmus::collector {

Event learned_event(const Scene& scene, const UpstreamRecord& record);
Event candidate_event(const Scene& scene, const UpstreamRecord& record,
                      const std::vector<ScoreTerm>& terms);
Event probable_event(const Scene& scene, const UpstreamRecord& record,
                     const std::vector<ScoreTerm>& terms);
Event dismissed_event(const Scene& scene, const UpstreamRecord& record);
Event established_event(const Scene& scene, const UpstreamRecord& record);
/// SuspectedHijack or SuspectedLeak.
Event suspected_event(const Scene& scene, const UpstreamRecord& record, const Suspicion& suspicion);
/// Failover, beside the return of the upstream; `gone`: those that it stands in for.
Event failover_event(const Scene& scene, const UpstreamRecord& record,
                     std::vector<UpstreamShare> gone);
/// UpstreamNew, UpstreamReturned, UpstreamInserted or UpstreamDiscovered.
Event confirmed_event(const Scene& scene, const UpstreamRecord& record, EventType type,
                      const Confirmation& confirmation, std::vector<ScoreTerm> terms);
/// UpstreamFlapping, in place of a confirmation.
Event flapping_event(Event confirmed, const UpstreamRecord& record);
/// UpstreamLost for what was established, else UpstreamWithdrawn.
Event departed_event(const Scene& scene, const UpstreamRecord& record, bool was_established,
                     const Departure& departure);

}  // namespace isthmus::collector
