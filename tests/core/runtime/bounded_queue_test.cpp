#include "core/runtime/bounded_queue.hpp"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "core/runtime/queue_task.hpp"

using namespace isthmus;

TEST_CASE("a queue hands everything over, in order, to a slower thread") {
  BoundedQueue<int> queue{4};
  std::vector<int> taken;
  std::thread consumer{[&] {
    while (auto value = queue.pop()) {
      taken.push_back(*value);
    }
  }};
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(queue.push(i));
  }
  queue.close();
  consumer.join();
  REQUIRE(taken.size() == 10'000);
  for (int i = 0; i < 10'000; ++i) {
    REQUIRE(taken[static_cast<std::size_t>(i)] == i);
  }
}

TEST_CASE("a full queue refuses a value and leaves it alone") {
  BoundedQueue<std::unique_ptr<int>> queue{1};
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  CHECK(queue.try_push(first));
  CHECK_FALSE(first);
  CHECK_FALSE(queue.try_push(second));
  CHECK(*second == 2);
  CHECK(**queue.pop() == 1);
  CHECK(queue.try_push(second));
}

TEST_CASE("a closed queue gives what it holds, then nothing") {
  BoundedQueue<int> queue{2};
  queue.push(7);
  queue.close();
  CHECK_FALSE(queue.push(8));
  CHECK(queue.pop() == 7);
  CHECK_FALSE(queue.pop());
}

TEST_CASE("closing wakes a producer that waits for room") {
  BoundedQueue<int> queue{1};
  queue.push(1);
  std::atomic<bool> refused = false;
  std::thread producer{[&] { refused = !queue.push(2); }};
  queue.close();
  producer.join();
  CHECK(refused);
}

TEST_CASE("waiting for a value ends at its time") {
  BoundedQueue<int> queue{1};
  CHECK_FALSE(queue.pop_until(std::chrono::steady_clock::now() + std::chrono::milliseconds{5}));
  CHECK_FALSE(queue.closed());
}

TEST_CASE("coroutines push without blocking their thread") {
  net::io_context io;
  BoundedQueue<int> queue{2};
  int pushed = 0;
  const auto produce = [](BoundedQueue<int>& into, int& count, int amount) -> Task<> {
    for (int i = 0; i < amount; ++i) {
      if (co_await push_to(into, i)) {
        ++count;
      }
    }
    into.close();
  };
  std::vector<int> taken;
  std::thread consumer{[&] {
    while (auto value = queue.pop()) {
      taken.push_back(*value);
    }
  }};
  net::co_spawn(io, produce(queue, pushed, 1000), [](const std::exception_ptr&) {});
  io.run();
  consumer.join();
  CHECK(pushed == 1000);
  CHECK(taken.size() == 1000);
}
