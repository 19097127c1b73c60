#include "core/runtime/task.hpp"

#include <exception>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace isthmus {

Task<> sleep_for(std::chrono::nanoseconds duration) {
  net::steady_timer timer{co_await net::this_coro::executor, duration};
  co_await timer.async_wait(net::use_awaitable);
}

Task<bool> ends_before(Task<> work, Task<> end) {
  const auto executor = co_await net::this_coro::executor;
  auto both = net::experimental::make_parallel_group(
      net::co_spawn(executor, std::move(work), net::deferred),
      net::co_spawn(executor, std::move(end), net::deferred));
  const net::experimental::wait_for_one either;
  const auto [order, failure, end_failure] = co_await both.async_wait(either, net::use_awaitable);
  if (order[0] == 1 && !end_failure) {
    co_return false;
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  co_return true;
}

Task<bool> with_deadline(Task<> task, std::chrono::nanoseconds limit) {
  return ends_before(std::move(task), sleep_for(limit));
}

}  // namespace isthmus
