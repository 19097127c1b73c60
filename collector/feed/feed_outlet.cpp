#include "collector/feed/feed_outlet.hpp"

#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {

Task<> FeedOutlet::push(RouteBatch& batch) {
  while (!batch.empty() && !sink_.try_push(batch)) {
    Wakeup room{co_await net::this_coro::executor};
    sink_.when_room(room.announcer());
    co_await room.wait();
  }
}

}  // namespace isthmus::collector
