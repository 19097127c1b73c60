#include <set>

#include <catch2/catch.hpp>

#include "probe/trace/clock_map.hpp"
#include "probe/trace/pacer.hpp"
#include "probe/trace/permutation.hpp"

using namespace isthmus;
using namespace isthmus::probe;

TEST_CASE("a pacer keeps its rate over a second, without a burst at the start or after a pause") {
  const double rate = GENERATE(1.0, 100.0, 1'000.0, 9'999.0, 20'000.0, 300'000.0);
  Pacer pacer{rate, Duration{}};
  std::uint64_t sent = 0;
  for (Duration now{}; now < std::chrono::seconds{2};
       now = std::max(now + Duration{1}, pacer.next(now))) {
    const std::uint32_t count = pacer.available(now);
    REQUIRE(count <= pacer.burst());
    pacer.take(count);
    sent += count;
  }
  CHECK(static_cast<double>(sent) == Approx(2 * rate).epsilon(0.01).margin(1));
  CHECK(pacer.available(std::chrono::seconds{100}) <= pacer.burst());
  CHECK((rate >= 10'000 || pacer.burst() <= 4));
}

TEST_CASE("a permutation meets each number once") {
  const std::uint64_t size = GENERATE(as<std::uint64_t>{}, 1, 2, 3, 64, 1000, 65537);
  const Permutation order{size, 9};
  std::set<std::uint64_t> seen;
  for (std::uint64_t i = 0; i < size; ++i) {
    seen.insert(order[i]);
  }
  CHECK(seen.size() == size);
  CHECK(*seen.rbegin() == size - 1);
}

TEST_CASE("a step of the wall clock does not move a stamp") {
  const Duration step =
      GENERATE(Duration{3'600'000'000}, Duration{-3'600'000'000}, Duration{50'000});
  const auto wall = [](Duration time) {
    return TimePoint{std::chrono::seconds{1'700'000'000} + time};
  };
  ClockMap clock;
  clock.sample(wall(Duration{1'000'000}), Duration{1'000'000});
  CHECK(clock.monotonic(wall(Duration{999'900})) == Duration{999'900});
  // The stamp is from before the step, the sample from after it.
  clock.sample(wall(Duration{1'010'000} + step), Duration{1'010'000});
  CHECK(clock.steps() == 1);
  CHECK(clock.monotonic(wall(Duration{1'009'000} + step)) == Duration{1'009'000});
  if (std::chrono::abs(step) > std::chrono::seconds{1}) {
    CHECK(clock.monotonic(wall(Duration{1'005'000})) == Duration{1'005'000});
  }
}
