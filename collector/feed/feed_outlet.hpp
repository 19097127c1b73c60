#pragma once

#include "collector/feed/live_feed.hpp"
#include "collector/feed/live_rib.hpp"
#include "core/runtime/task.hpp"

namespace isthmus::collector {

/// What all live feeds of a collector share: the state that they change, and the way to the
/// detector.
class FeedOutlet {
 public:
  FeedOutlet(LiveRib& rib, RouteSink& sink) : rib_{rib}, sink_{sink} {}

  [[nodiscard]] LiveRib& rib() { return rib_; }
  [[nodiscard]] const LiveRib& rib() const { return rib_; }
  /// Hands a batch over and leaves it empty; waits while there is no room. The feed reads nothing
  /// meanwhile, so that its sender is held back.
  Task<> push(RouteBatch& batch);

 private:
  LiveRib& rib_;
  RouteSink& sink_;
};

}  // namespace isthmus::collector
