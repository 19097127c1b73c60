#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace isthmus {

namespace net = boost::asio;

using ErrorCode = boost::system::error_code;

/// A coroutine of ours: starts when it is awaited or spawned, ends when it returns or is cancelled.
///
/// Trap of GCC 12: what is built with braces, or a lambda that captures, *inside* a `co_await`
/// expression is destroyed twice. Build it on the line above (tools/check_coawait.py).
template <typename T = void>
using Task = net::awaitable<T>;

/// Makes an operation return its error code:
/// `auto [error, n] = co_await socket.async_read_some(buffer, kAsTuple)`.
inline constexpr auto kAsTuple = net::as_tuple(net::use_awaitable);

/// Sleeps, or throws `operation_aborted` when the coroutine is cancelled.
Task<> sleep_for(std::chrono::nanoseconds duration);

/// Runs `work` until it ends, or until `end` does: then `work` is cancelled and false is returned
/// when it has ended. What `work` throws before that is thrown on.
Task<bool> ends_before(Task<> work, Task<> end);

/// Runs a task and cancels it when the time is over. False: it was cancelled and has ended. What
/// the task throws before that is thrown on.
Task<bool> with_deadline(Task<> task, std::chrono::nanoseconds limit);

namespace detail {

template <typename T>
Task<> keep_result(Task<T> task, std::optional<T>& place) {
  place.emplace(co_await std::move(task));
}

}  // namespace detail

/// The same for a task with a result: nothing when the time was over.
template <typename T>
Task<std::optional<T>> with_deadline(Task<T> task, std::chrono::nanoseconds limit) {
  std::optional<T> result;
  if (!co_await with_deadline(detail::keep_result(std::move(task), result), limit)) {
    result.reset();
  }
  co_return result;
}

}  // namespace isthmus
