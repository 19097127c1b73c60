#pragma once

#include <functional>
#include <utility>

#include <boost/asio/co_spawn.hpp>

#include "core/base/time.hpp"
#include "core/runtime/task.hpp"

namespace isthmus::collector {

inline TimePoint utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// Runs a service of the daemon's; what it throws ends the program.
template <typename Context>
void spawn_service(Context& context, Task<> task) {
  net::co_spawn(context, std::move(task), [](const std::exception_ptr& failure) {
    if (failure) {
      std::rethrow_exception(failure);
    }
  });
}

/// Runs a function on another thread and waits for it as a coroutine.
template <typename T, typename Executor>
Task<T> run_on(const Executor& executor, std::function<T()> function) {
  const auto work = [](std::function<T()> its_function) -> Task<T> { co_return its_function(); };
  auto task = work(std::move(function));
  co_return co_await net::co_spawn(executor, std::move(task), net::use_awaitable);
}

}  // namespace isthmus::collector
