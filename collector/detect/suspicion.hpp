#pragma once

#include <optional>
#include <string_view>

#include "collector/detect/support.hpp"

namespace isthmus::collector {

/// Why what looks like a new upstream is taken for something else (detection.md b.6).
struct Suspicion {
  bool hijack = false;  ///< else a leak
  std::string_view rule;
};

/// The first that holds, of: not the target answers (`other_host`), traffic ends where the route
/// appeared (`dark_after_route`), the target has not authorised it (`not_authorised`, while only
/// routes speak for it), paths with a valley (`leak_shape`).
std::optional<Suspicion> suspicion_of(const Scene& scene, const UpstreamRecord& record,
                                      const Support& support);

}  // namespace isthmus::collector
