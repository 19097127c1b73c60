#include "collector/feed/feed_outlet.hpp"

#include <boost/asio/steady_timer.hpp>

#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {

Task<> FeedOutlet::push(RouteBatch& batch) {
  ++waiting_;
  while (!batch.empty() && !is_closed_ && !sink_.try_push(batch)) {
    Wakeup room{co_await net::this_coro::executor};
    sink_.when_room(room.announcer());
    co_await room.wait();
  }
  batch.clear();
  if (--waiting_ == 0 && settled_) {
    settled_();
  }
}

Task<bool> FeedOutlet::settle(std::chrono::nanoseconds limit) {
  net::steady_timer timer{co_await net::this_coro::executor};
  timer.expires_after(limit);
  settled_ = [&timer] { timer.cancel(); };
  if (waiting_ > 0) {
    const auto [ignored] = co_await timer.async_wait(kAsTuple);
    static_cast<void>(ignored);
  }
  settled_ = nullptr;
  co_return waiting_ == 0;
}

}  // namespace isthmus::collector
