#pragma once

namespace isthmus::collector {

class WebSite;
struct WebSources;

/// The state of this moment: targets, upstreams, probes, feeds, the live feed.
void add_state_routes(WebSite& site, const WebSources& sources);
/// What was: events, routes, observations, shares, graphs, exports.
void add_history_routes(WebSite& site, const WebSources& sources);
/// The collector itself: /metrics, the index, status, configuration, alerts.
void add_operation_routes(WebSite& site, const WebSources& sources);

}  // namespace isthmus::collector
