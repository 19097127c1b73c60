#include "collector/detect/upstream_class.hpp"

#include <algorithm>

#include "collector/detect/path_upstream.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kExportGroups = 3;

Neighbour neighbour(const Scene& scene, Asn asn, Asn other) {
  return scene.tables.neighbour ? scene.tables.neighbour(asn, other) : Neighbour::Unknown;
}

bool names_alone(const Observation& seen, Asn upstream) {
  return seen.verdict == Verdict::Upstream && seen.upstreams == std::vector<Asn>{upstream};
}

}  // namespace

UpstreamClass export_test(const Scene& scene, Asn upstream) {
  std::set<Asn> inside;
  bool doubt = false;
  for (const auto& [key, state] : scene.states) {
    if (key.vantage.plane != Plane::Control || !names_alone(state.now, upstream)) {
      continue;
    }
    const Asn before = as_before(state.now.path, upstream);
    if (before == Asn{}) {
      inside.insert(key.vantage.asn);
      continue;
    }
    switch (neighbour(scene, upstream, before)) {
      case Neighbour::Provider:
      case Neighbour::Peer:
        return UpstreamClass::Transit;
      case Neighbour::Customer:
        inside.insert(key.vantage.asn);
        break;
      case Neighbour::Unknown:
        if (is_transit_free(before)) {
          return UpstreamClass::Transit;
        }
        doubt = true;
    }
  }
  for (const Asn origin : scene.target.origins) {
    const Neighbour recorded = neighbour(scene, origin, upstream);
    if (recorded == Neighbour::Provider) {
      return UpstreamClass::Transit;
    }
    if (recorded == Neighbour::Peer && !doubt) {
      return UpstreamClass::Peer;
    }
  }
  return !doubt && inside.size() >= kExportGroups ? UpstreamClass::Peer : UpstreamClass::Unknown;
}

bool is_via_exchange(const Scene& scene, Asn upstream) {
  std::size_t all = 0;
  std::size_t via = 0;
  for (const auto& [key, state] : scene.states) {
    if (key.vantage.plane == Plane::Data && names_alone(state.now, upstream) && state.now.trace) {
      all += 1;
      via += state.now.trace->via_ixp ? 1U : 0U;
    }
  }
  return 2 * via > all;
}

}  // namespace isthmus::collector
