#include "collector/detect/blindness.hpp"

#include <algorithm>

namespace isthmus::collector {
namespace {

bool is_measured(const UpstreamStatus& upstream) {
  return std::any_of(upstream.planes.begin(), upstream.planes.end(), [](const PlaneShare& each) {
    return each.plane == Plane::Data && each.vantages > 0;
  });
}

}  // namespace

void discount_blindness(std::vector<TargetStatus>& targets, double seeing) {
  if (seeing >= 1.0) {
    return;
  }
  for (TargetStatus& target : targets) {
    for (UpstreamStatus& upstream : target.upstreams) {
      upstream.confidence *= is_measured(upstream) ? (1.0 + seeing) / 2.0 : seeing;
    }
  }
}

}  // namespace isthmus::collector
