#pragma once

#include "collector/detect/status.hpp"
#include "collector/detect/support.hpp"

namespace isthmus::collector {

/// Whether an upstream is a provider of the target or a peer, by who else hears its route: what a
/// peer tells is passed on to customers only, so that a provider or peer of the upstream that hands
/// it on proves transit (detection.md b.6). Without relationships only networks that buy no transit
/// prove anything.
UpstreamClass export_test(const Scene& scene, Asn upstream);

/// Whether most traceroutes that name the upstream crossed the LAN of an exchange before it.
bool is_via_exchange(const Scene& scene, Asn upstream);

}  // namespace isthmus::collector
