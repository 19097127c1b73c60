#include "probe/plan/schedule.hpp"

#include <cmath>
#include <functional>
#include <map>

using namespace isthmus;
using namespace isthmus::probe;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kWall{std::chrono::seconds{1'506'848'871}};

struct Begun {
  Duration at;
  TraceOrder order;
};

/// Lets virtual time pass and keeps what was begun. Each trace takes `packets`.
struct Story {
  Schedule schedule;
  Duration now{};
  std::uint32_t packets = 20;
  std::vector<Begun> begun;

  void run_until(Duration end) {
    while (true) {
      while (const auto order = schedule.next(now)) {
        begun.push_back({now, *order});
        schedule.finished(*order, packets);
      }
      const auto next = schedule.next_time(now);
      if (!next || *next > end) {
        break;
      }
      now = std::max(*next, now + Duration{1});
    }
    now = end;
  }
};

PlanTarget target(std::uint32_t destinations, Duration interval) {
  PlanTarget target{.name = "t", .interval = interval, .flows = 8};
  PlanPrefix prefix{.prefix = Prefix::covering(IpAddress::v4(0xaf2db000), 16)};
  for (std::uint32_t i = 0; i < destinations; ++i) {
    prefix.destinations.push_back(IpAddress::v4(0xaf2db000 + i));
  }
  target.prefixes.push_back(std::move(prefix));
  return target;
}

Story story(const PlanMessage& plan, const PlanBounds& bounds = {},
            const FilterOptions& filter = {}, std::uint64_t seed = 1) {
  Story story{.schedule = Schedule{bounds, DestinationFilter{filter}, seed}};
  story.schedule.set_plan(plan, kWall, story.now);
  return story;
}

std::map<IpAddress, std::vector<Begun>> by_destination(const std::vector<Begun>& begun) {
  std::map<IpAddress, std::vector<Begun>> all;
  for (const Begun& each : begun) {
    all[each.order.destination].push_back(each);
  }
  return all;
}

}  // namespace

TEST_CASE("each destination has a round in every interval, jittered, and does not drift") {
  Story day = story({.targets = {target(10, 60s)}});
  day.run_until(24h);
  const auto all = by_destination(day.begun);
  REQUIRE(all.size() == 10);
  for (const auto& [destination, traces] : all) {
    INFO(destination.to_string());
    CHECK(traces.size() >= 1'439);
    CHECK(traces.size() <= 1'441);
    double moved = 0;
    for (std::size_t i = 1; i < traces.size(); ++i) {
      const double gap = to_seconds(traces[i].at - traces[i - 1].at);
      REQUIRE(gap >= 60 * 0.9 - 1);
      REQUIRE(gap <= 60 * 1.1 + 1);
      moved += std::abs(gap - 60);
    }
    CHECK(moved / 1'440 > 0.5);  // there is jitter
    const double span = to_seconds(traces.back().at - traces.front().at);
    CHECK(std::abs(span - 60.0 * static_cast<double>(traces.size() - 1)) < 7);
  }
}

TEST_CASE("flows rotate from round to round, and methods do") {
  PlanTarget one = target(1, 60s);
  one.methods = {ProbeMethod::Udp, ProbeMethod::Icmp};
  Story hour = story({.targets = {one}});
  hour.run_until(1h);
  REQUIRE(hour.begun.size() > 50);
  for (std::size_t i = 1; i < hour.begun.size(); ++i) {
    CHECK(hour.begun[i].order.flow == (hour.begun[i - 1].order.flow + 1) % 8);
    CHECK(hour.begun[i].order.method != hour.begun[i - 1].order.method);
  }
}

TEST_CASE("rounds are spread over the interval") {
  Story minute = story({.targets = {target(100, 60s)}}, {.rate = 1'000});
  minute.run_until(60s);
  std::map<std::int64_t, int> per_second;
  for (const Begun& each : minute.begun) {
    ++per_second[each.at / 1s];
  }
  for (const auto& [second, count] : per_second) {
    INFO("second " << second);
    CHECK(count <= 10);
  }
}

TEST_CASE("a plan that changes keeps the rounds of what stays") {
  Story hour = story({.targets = {target(5, 300s)}});
  hour.run_until(1'000s);
  const std::size_t before = hour.begun.size();
  for (int i = 0; i < 100; ++i) {
    hour.run_until(1'000s + i * 3s);
    hour.schedule.set_plan({.etag = std::to_string(i), .targets = {target(5, 300s)}}, kWall,
                           hour.now);
  }
  hour.run_until(1'300s);
  CHECK(hour.begun.size() - before >= 4);
  CHECK(hour.begun.size() - before <= 6);
}

TEST_CASE("a sweep begins within fifteen seconds, on further flows, and once") {
  PlanMessage plan{.targets = {target(200, 60s)}};
  Story busy = story(plan, {.rate = 70, .destination_rate = 100});  // all of it is used up
  busy.run_until(600s);
  busy.begun.clear();
  plan.sweeps.push_back({.id = 77,
                         .destinations = {IpAddress::v4(0xaf2db007)},
                         .flows = 2,
                         .at = kWall + 600s + 5s,
                         .spacing = 3s});
  busy.schedule.set_plan(plan, kWall + 600s, busy.now);
  busy.schedule.set_plan(plan, kWall + 600s, busy.now);
  busy.run_until(900s);
  std::vector<Begun> swept;
  for (const Begun& each : busy.begun) {
    if (each.order.request == 77) {
      swept.push_back(each);
    }
  }
  REQUIRE(swept.size() == 2);
  CHECK(swept[0].at >= 605s);
  CHECK(swept[1].at <= 600s + 15s);
  CHECK(swept[1].at - swept[0].at >= 2s);
  CHECK(swept[0].order.flow != swept[1].order.flow);
}

TEST_CASE("a sweep that comes too late is given up and counted") {
  PlanMessage plan;
  plan.sweeps.push_back(
      {.id = 1, .destinations = {IpAddress::v4(0xaf2db007)}, .at = kWall - 11min});
  Story late = story(plan);
  late.run_until(1min);
  CHECK(late.begun.empty());
  CHECK(late.schedule.counters().requests_late == 1);
}

TEST_CASE("a single trace goes before the rounds, unless its time is over") {
  PlanMessage plan{.targets = {target(100, 60s)}};
  plan.traces = {
      {.id = 5, .destination = IpAddress::v4(0xaf2db001), .max_ttl = 60, .until = kWall + 5s},
      {.id = 6, .destination = IpAddress::v4(0xaf2db002), .until = kWall - 5s}};
  Story now = story(plan);
  now.run_until(5s);
  REQUIRE_FALSE(now.begun.empty());
  CHECK(now.begun[0].at == 0s);
  CHECK(now.begun[0].order.request == 5);
  CHECK(now.begun[0].order.max_ttl == 32);
  CHECK(now.schedule.counters().single_traces == 1);
  CHECK(now.schedule.counters().requests_late == 1);
}

TEST_CASE("the owner's rate holds whatever the collector asks for") {
  const double wish = GENERATE(0.0, 40.0, 1e6);
  PlanMessage plan{.targets = {target(500, 10s)}, .limits = {.rate = wish}};
  Story greedy = story(plan, {.rate = 100, .destination_rate = 1'000});
  greedy.run_until(600s);
  const double rate = wish > 0 ? std::min(wish, 100.0) : 100.0;
  const double packets = 20.0 * static_cast<double>(greedy.begun.size());
  CHECK(packets <= rate * 600 + rate * 5 + 60);
  CHECK(packets >= rate * 600 * 0.7);
  CHECK(greedy.schedule.counters().rounds_skipped > 0);
  // Nobody is starved for ever while others are served.
  CHECK(by_destination(greedy.begun).size() >= 400);
}

TEST_CASE("one destination gets no more packets than its rate, sweeps included") {
  PlanMessage plan{.targets = {target(1, 10s)}};
  for (std::uint64_t id = 1; id <= 50; ++id) {
    plan.sweeps.push_back({.id = id,
                           .destinations = {IpAddress::v4(0xaf2db000)},
                           .flows = 8,
                           .at = kWall,
                           .spacing = 0s});
  }
  Story poor = story(plan, {.rate = 10'000, .destination_rate = 2});
  poor.run_until(500s);
  CHECK(static_cast<double>(poor.begun.size()) * 20 <= 2 * 500 + 60);
  CHECK(static_cast<double>(poor.begun.size()) * 20 >= 2 * 500 * 0.8);
}

TEST_CASE("the owner's shortest interval holds") {
  Story eager = story({.targets = {target(1, 1s)}}, {.min_interval = 30s});
  eager.run_until(300s);
  CHECK(eager.begun.size() <= 11);
  CHECK(eager.begun.size() >= 9);
}

TEST_CASE(
    "what the filter refuses is never begun: rounds, sweeps, single traces, and after a reload") {
  PlanMessage plan{.targets = {target(4, 60s)}};
  plan.targets[0].prefixes.push_back(
      {.prefix = *Prefix::parse("10.0.0.0/8"), .destinations = {*IpAddress::parse("10.0.0.1")}});
  plan.sweeps.push_back(
      {.id = 1, .destinations = {*IpAddress::parse("224.0.0.1")}, .at = kWall + 10min});
  plan.sweeps.push_back(
      {.id = 2, .destinations = {IpAddress::v4(0xaf2db003)}, .at = kWall + 10min});
  plan.traces.push_back(
      {.id = 3, .destination = *IpAddress::parse("127.0.0.1"), .until = kWall + 5s});
  const FilterOptions deny{.deny = {*Prefix::parse("175.45.176.1/32")}};
  Story kept = story(plan, {}, deny);
  CHECK(kept.schedule.destinations() == 3);
  CHECK(kept.schedule.counters().refused.at(Refusal::SpecialPurpose) == 2);
  CHECK(kept.schedule.counters().refused.at(Refusal::Multicast) == 1);
  CHECK(kept.schedule.counters().refused.at(Refusal::Denied) == 1);
  kept.run_until(5min);
  kept.schedule.set_bounds({}, DestinationFilter{{.deny = {*Prefix::parse("175.45.176.0/24")}}},
                           kept.now);
  CHECK(kept.schedule.destinations() == 0);
  const std::size_t before = kept.begun.size();
  kept.run_until(30min);
  CHECK(kept.begun.size() == before);
  for (const Begun& each : kept.begun) {
    CHECK(each.order.destination != IpAddress::v4(0xaf2db001));
  }
}

TEST_CASE("an address that two targets name is traced once, at the shorter interval") {
  PlanMessage plan{.targets = {target(1, 300s), target(1, 60s)}};
  Story both = story(plan);
  both.run_until(600s);
  CHECK(both.begun.size() >= 9);
  CHECK(both.begun.size() <= 11);
}

TEST_CASE("more destinations than the owner allows are left out and counted") {
  Story many = story({.targets = {target(100, 60s)}}, {.max_destinations = 30});
  CHECK(many.schedule.destinations() == 30);
  CHECK(many.schedule.counters().over_bound == 70);
}

TEST_CASE("a machine that slept makes up for nothing") {
  Story slept = story({.targets = {target(10, 60s)}});
  slept.run_until(120s);
  slept.begun.clear();
  slept.now = 10h;
  slept.run_until(10h + 59s);
  CHECK(slept.begun.size() <= 20);
  CHECK(slept.schedule.counters().rounds_skipped > 5'000);
}

TEST_CASE("the same seed and plan give the same traces") {
  const PlanMessage plan{.targets = {target(20, 60s)}};
  Story one = story(plan, {}, {}, 9);
  Story other = story(plan, {}, {}, 9);
  one.run_until(1h);
  other.run_until(1h);
  REQUIRE(one.begun.size() == other.begun.size());
  for (std::size_t i = 0; i < one.begun.size(); ++i) {
    CHECK(one.begun[i].order == other.begun[i].order);
    CHECK(one.begun[i].at == other.begun[i].at);
  }
}
