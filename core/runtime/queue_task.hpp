#pragma once

#include <functional>
#include <memory>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/runtime/bounded_queue.hpp"
#include "core/runtime/task.hpp"

namespace isthmus {

/// Something that coroutines of one executor wait for and any thread may announce.
class Wakeup {
 public:
  explicit Wakeup(const net::any_io_executor& executor);
  ~Wakeup();
  Wakeup(const Wakeup&) = delete;
  Wakeup& operator=(const Wakeup&) = delete;

  /// A function that announces it, from any thread, and outlives this object without harm.
  [[nodiscard]] std::function<void()> announcer() const;

  /// Ends after an announcement: the next one, or one that nobody has waited for yet.
  Task<> wait();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Pushes without blocking the thread: waits as a coroutine while the queue is full. False: closed.
template <typename T>
Task<bool> push_to(BoundedQueue<T>& queue, T value) {
  while (!queue.try_push(value)) {
    if (queue.closed()) {
      co_return false;
    }
    Wakeup room{co_await net::this_coro::executor};
    queue.when_room(room.announcer());
    co_await room.wait();
  }
  co_return true;
}

}  // namespace isthmus
