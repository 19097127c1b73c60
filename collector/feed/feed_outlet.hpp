#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

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
  /// Waits until nobody waits in `push` any more, or until the time is over.
  Task<bool> settle(std::chrono::nanoseconds limit);
  /// From now on batches are dropped: there is nobody to take them.
  void close() { is_closed_ = true; }

 private:
  LiveRib& rib_;
  RouteSink& sink_;
  std::size_t waiting_ = 0;
  bool is_closed_ = false;
  std::function<void()> settled_;
};

}  // namespace isthmus::collector
