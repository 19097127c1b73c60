#include <random>

#include "probe/deliver/clock_filter.hpp"
#include "probe/deliver/delivery_lanes.hpp"
#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using namespace std::chrono_literals;
using isthmus::testing::ScratchFolder;

namespace {

constexpr Clocks kNow{.wall = TimePoint{std::chrono::seconds{1'506'848'871}}};

std::unique_ptr<Spool> spool_with(const ScratchFolder& folder, std::uint64_t entries) {
  auto spool = Spool::open({.folder = folder.path()}, {"a"}, kNow).value();
  for (std::uint64_t i = 1; i <= entries; ++i) {
    spool->append({.boot = 1, .first_sequence = i, .traces = 1, .batch = "x"}, kNow);
  }
  REQUIRE(spool->flush(kNow));
  return spool;
}

}  // namespace

TEST_CASE("after an hour away the last minute goes first, then the rest in order of time") {
  const ScratchFolder folder;
  const auto spool = spool_with(folder, 3'600);
  DeliveryLanes lanes;
  std::vector<std::uint64_t> order;
  std::uint64_t measured = 3'600;
  while (const auto owed = lanes.next(*spool, 0)) {
    // At most 50 at a time, and a new one arrives with each.
    const NumberRange some{owed->first, std::min(owed->end, owed->first + 50)};
    for (std::uint64_t each = some.first; each < some.end; ++each) {
      order.push_back(each);
    }
    spool->delivered(0, some);
    if (measured < 3'630) {
      spool->append({.boot = 1, .first_sequence = ++measured, .traces = 1, .batch = "x"}, kNow);
    }
  }
  REQUIRE(order.size() == measured);
  CHECK(order[0] == 3'600 - 63);
  // What is measured meanwhile does not wait for the backlog ...
  const auto place = [&](std::uint64_t entry) {
    return std::find(order.begin(), order.end(), entry) - order.begin();
  };
  CHECK(place(3'601) < 200);
  CHECK(place(3'620) < 2'000);
  // ... and each lane is in order.
  std::uint64_t live = 0;
  std::uint64_t old = 0;
  for (const std::uint64_t each : order) {
    std::uint64_t& before = each > 3'600 - 64 ? live : old;
    REQUIRE(each > before);
    before = each;
  }
}

TEST_CASE("without a backlog everything goes in order") {
  const ScratchFolder folder;
  const auto spool = spool_with(folder, 40);
  DeliveryLanes lanes;
  CHECK(lanes.next(*spool, 0) == NumberRange{1, 41});
  spool->delivered(0, {1, 41});
  CHECK(lanes.next(*spool, 0) == std::nullopt);
  spool->append({.boot = 1, .first_sequence = 41, .traces = 1, .batch = "x"}, kNow);
  CHECK(lanes.next(*spool, 0) == NumberRange{41, 42});
}

TEST_CASE("the offset is the one of the shortest round trip") {
  ClockFilter filter;
  CHECK(filter.offset() == std::nullopt);
  std::mt19937_64 random{4};
  const Duration truth = 1'234'567us;
  for (int i = 0; i < 8; ++i) {
    // Queues only on the way there: each such sample is off by half of them.
    const Duration queue{i == 3 ? 0 : 1'000 + static_cast<std::int64_t>(random() % 50'000)};
    const TimePoint asked{std::chrono::seconds{100 + i}};
    const TimePoint received = asked + truth + 10ms + queue;
    filter.add({.asked = asked,
                .received = received,
                .answered = received + 2ms,
                .round_trip = 10ms + queue + 2ms + 10ms});
  }
  CHECK(filter.offset() == truth);
  CHECK(filter.error() == 10ms);
}

TEST_CASE("old samples are forgotten, and impossible ones not taken") {
  ClockFilter filter;
  const TimePoint asked{std::chrono::seconds{100}};
  filter.add({.asked = asked, .received = asked, .answered = asked + 5ms, .round_trip = 1ms});
  CHECK(filter.offset() == std::nullopt);
  filter.add({.asked = asked, .received = asked + 1ms, .answered = asked + 1ms, .round_trip = 2ms});
  CHECK(filter.offset() == 0us);
  for (int i = 0; i < 8; ++i) {
    filter.add({.asked = asked, .received = asked + 1s, .answered = asked + 1s, .round_trip = 1s});
  }
  CHECK(filter.offset() == 500ms);
  filter.clear();
  CHECK(filter.offset() == std::nullopt);
}
