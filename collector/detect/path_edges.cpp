#include "collector/detect/path_edges.hpp"

#include <algorithm>

namespace isthmus::collector {

void PathEdges::add(std::span<const Asn> path) {
  if (path.size() < 2) {
    return;
  }
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (path[i - 1] != path[i]) {
      edges_.insert(std::minmax(path[i - 1], path[i]));
    }
  }
  const Asn neighbour = path[path.size() - 2];
  const auto place = std::lower_bound(neighbours_.begin(), neighbours_.end(), neighbour);
  if (place == neighbours_.end() || *place != neighbour) {
    neighbours_.insert(place, neighbour);
  }
}

}  // namespace isthmus::collector
