#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace isthmus {

/// Hands values from thread to thread, in order, at most `capacity` at a time: who produces faster
/// than the other side consumes has to wait. All members may be called from any thread.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t capacity) : capacity_{capacity} {}

  /// Waits for room. False: the queue is closed and the value was not taken.
  bool push(T value) {
    std::unique_lock lock{mutex_};
    room_.wait(lock, [this] { return closed_ || items_.size() < capacity_; });
    return append(std::move(value), lock);
  }

  /// Never waits. False: full or closed, and `value` is untouched.
  bool try_push(T& value) {
    std::unique_lock lock{mutex_};
    if (closed_ || items_.size() >= capacity_) {
      return false;
    }
    return append(std::move(value), lock);
  }

  /// Waits for a value. Nothing: the queue is closed and everything in it has been taken.
  std::optional<T> pop() {
    std::unique_lock lock{mutex_};
    filled_.wait(lock, [this] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// The same, but gives up at a time: nothing then, as when the queue is closed and empty.
  std::optional<T> pop_until(std::chrono::steady_clock::time_point time) {
    std::unique_lock lock{mutex_};
    filled_.wait_until(lock, time, [this] { return closed_ || !items_.empty(); });
    return take(lock);
  }

  /// Refuses new values; what is in the queue can still be taken.
  void close() {
    std::vector<std::function<void()>> waiting;
    {
      const std::scoped_lock lock{mutex_};
      closed_ = true;
      waiting.swap(on_room_);
    }
    filled_.notify_all();
    room_.notify_all();
    for (const auto& wake : waiting) {
      wake();
    }
  }

  /// Calls `wake` once, from whatever thread, when there is room or the queue is closed; at once
  /// where that is so already. For producers that must not block, as coroutines.
  void when_room(std::function<void()> wake) {
    {
      const std::scoped_lock lock{mutex_};
      if (!closed_ && items_.size() >= capacity_) {
        on_room_.push_back(std::move(wake));
        return;
      }
    }
    wake();
  }

  [[nodiscard]] bool closed() const {
    const std::scoped_lock lock{mutex_};
    return closed_;
  }
  [[nodiscard]] std::size_t size() const {
    const std::scoped_lock lock{mutex_};
    return items_.size();
  }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  bool append(T&& value, std::unique_lock<std::mutex>& lock) {
    if (closed_) {
      return false;
    }
    items_.push_back(std::move(value));
    lock.unlock();
    filled_.notify_one();
    return true;
  }

  std::optional<T> take(std::unique_lock<std::mutex>& lock) {
    if (items_.empty()) {
      return std::nullopt;
    }
    std::optional<T> value{std::move(items_.front())};
    items_.pop_front();
    std::vector<std::function<void()>> waiting;
    waiting.swap(on_room_);
    lock.unlock();
    room_.notify_one();
    for (const auto& wake : waiting) {
      wake();
    }
    return value;
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable filled_;
  std::condition_variable room_;
  std::deque<T> items_;
  std::vector<std::function<void()>> on_room_;
  bool closed_ = false;
};

}  // namespace isthmus
