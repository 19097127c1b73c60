#include <set>

#include <catch2/catch.hpp>

#include "probe/trace/stopping_point.hpp"
#include "tests/probe/trace/simulated_network.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using isthmus::test::SimulatedNetwork;
using isthmus::test::SimulatedRun;

namespace {

IpAddress router(std::uint32_t number) {
  return IpAddress::v4(0x0a000000 + number);
}
const IpAddress kTarget = IpAddress::v4(0xcb007101);

SimulatedNetwork line(std::uint32_t hops) {
  SimulatedNetwork network;
  for (std::uint32_t i = 1; i <= hops; ++i) {
    network.hops.push_back({router(i)});
  }
  return network;
}

SimulatedNetwork diamond() {
  SimulatedNetwork network = line(3);
  network.hops.push_back({router(41), router(42), router(43), router(44)});
  network.hops.push_back({router(51), router(52), router(53), router(54)});
  network.hops.push_back({router(6)});
  network.hops.push_back({router(7)});
  return network;
}

std::shared_ptr<const TraceOptions> shared(const TraceOptions& options) {
  return std::make_shared<const TraceOptions>(options);
}

std::vector<IpAddress> many_targets(std::uint32_t count) {
  std::vector<IpAddress> targets;
  for (std::uint32_t i = 0; i < count; ++i) {
    targets.push_back(IpAddress::v4(0x0b000000 + i));
  }
  return targets;
}

}  // namespace

TEST_CASE("a trace names each hop and ends at the target") {
  const auto method =
      GENERATE(ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn, ProbeMethod::TcpAck);
  SimulatedNetwork network = line(9);
  SimulatedRun run{network, {}, {.method = method, .key = {1, 2}}, {kTarget}};
  run.run();
  const Traceroute& trace = run.results.at(0).at(0);
  CHECK(trace.stop == StopReason::Completed);
  REQUIRE(trace.hops.size() == 10);
  for (std::uint32_t i = 0; i < 9; ++i) {
    REQUIRE(trace.hops[i].replies.size() == 1);
    CHECK(trace.hops[i].replies[0].address == router(i + 1));
    CHECK(trace.hops[i].replies[0].rtt == Duration{2000 * (i + 1)});
    CHECK(trace.hops[i].sent == 1);
  }
  CHECK(trace.hops[9].replies.at(0).address == kTarget);
  CHECK(network.packets <= 14);
}

TEST_CASE("round-trip times are right where 32 bits of microseconds wrap") {
  SimulatedNetwork network = line(9);
  const Duration wrap{std::int64_t{1} << 32};
  const Duration start = wrap - Duration{GENERATE(1, 700, 5'000, 20'000)};
  SimulatedRun run{network, {}, {.key = {1, 2}}, {kTarget}};
  run.run(Duration{100}, start);
  const Traceroute& trace = run.results.at(0).at(0);
  REQUIRE(trace.hops.size() == 10);
  for (std::uint32_t i = 0; i < 9; ++i) {
    CHECK(trace.hops[i].replies.at(0).rtt == Duration{2000 * (i + 1)});
  }
}

TEST_CASE("a reply to the trace before is late, and does not enter this one") {
  SimulatedNetwork network = line(0);
  const std::vector<IpAddress> targets{kTarget, kTarget};
  const ProbeFormat format{.key = {1, 2}};
  TargetList list{targets, shared({.max_ttl = 1}), 1};
  std::vector<Traceroute> results;
  TraceEngine engine{
      {}, list, 1, TimePoint{}, [&](const TraceJob&, const std::vector<Traceroute>& traces) {
        results.push_back(traces.at(0));
      }};
  const auto next = [&](Duration now) {
    auto order = engine.next(now);
    REQUIRE(order);
    order->probe.source = IpAddress::v4(0xc0000201);
    return network.answer(build_probe(format, order->probe).view());
  };
  const auto hand_in = [&](const std::string& packet, Duration now) {
    const auto reply = parse_reply(as_bytes(packet));
    const auto identity = identify(format, engine.expectation(*reply).replies, *reply);
    REQUIRE(identity);
    engine.receive(*identity, *reply, now, now);
  };
  const std::string first = next(Duration{});
  hand_in(first, Duration{5});
  REQUIRE(results.size() == 1);
  const std::string second = next(Duration{10});
  hand_in(first, Duration{15});
  CHECK(engine.counters().late == 1);
  CHECK(engine.counters().answered == 1);
  hand_in(second, Duration{20});
  REQUIRE(results.size() == 2);
  hand_in(second, Duration{25});
  CHECK(engine.counters().late == 2);
  CHECK(results[1].hops.at(0).replies.at(0).rtt == Duration{10});
}

TEST_CASE("a packet that could not leave goes later, and counts as one attempt") {
  SimulatedNetwork network = line(1);
  const std::vector<IpAddress> targets{kTarget};
  const ProbeFormat format{.key = {1, 2}};
  std::vector<Traceroute> result;
  TargetList list{targets, shared({.destination_rate = 0}), 1};
  TraceEngine engine{
      {}, list, 1, TimePoint{}, [&](const TraceJob&, std::vector<Traceroute> traces) {
        result = std::move(traces);
      }};
  Duration now{};
  int refused = 0;
  while (!engine.done() && now < std::chrono::seconds{30}) {
    now += Duration{1'000};
    engine.advance(now);
    auto order = engine.next(now);
    if (!order) {
      continue;
    }
    if (refused++ < 20) {
      engine.postpone(*order, now + Duration{2'000});
      continue;
    }
    order->probe.source = IpAddress::v4(0xc0000201);
    const std::string packet = network.answer(build_probe(format, order->probe).view());
    const auto reply = parse_reply(as_bytes(packet));
    const auto identity = identify(format, engine.expectation(*reply).replies, *reply);
    engine.receive(*identity, *reply, now, now);
  }
  REQUIRE(result.size() == 1);
  CHECK(result[0].stop == StopReason::Completed);
  for (const Hop& hop : result[0].hops) {
    CHECK(hop.sent == 1);
  }
  CHECK(engine.counters().timed_out == 0);
}

TEST_CASE("a silent hop is tried again, and shown as silence") {
  SimulatedNetwork network = line(6);
  network.hops[2].clear();
  SimulatedRun run{network, {.attempts = 3}, {.key = {1, 2}}, {kTarget}};
  run.run();
  const Traceroute& trace = run.results.at(0).at(0);
  CHECK(trace.stop == StopReason::Completed);
  REQUIRE(trace.hops.size() == 7);
  CHECK(trace.hops[2].replies.empty());
  CHECK(trace.hops[2].sent == 3);
  CHECK(run.engine().counters().timed_out == 3);
}

TEST_CASE("as many silent hops in a row as the gap limit end a trace") {
  SimulatedNetwork network = line(4);
  network.target_answers = false;
  const std::uint8_t gap = GENERATE(as<std::uint8_t>{}, 1, 3, 5);
  SimulatedRun run{network, {.attempts = 1, .gap_limit = gap}, {.key = {1, 2}}, {kTarget}};
  run.run();
  const Traceroute& trace = run.results.at(0).at(0);
  CHECK(trace.stop == StopReason::GapLimit);
  CHECK(trace.hops.size() == 4U + gap);
}

TEST_CASE("nothing answering still yields a trace, of silent hops") {
  SimulatedNetwork network;
  network.target_answers = false;
  SimulatedRun run{network, {}, {.key = {1, 2}}, {kTarget}};
  const Duration used = run.run();
  const Traceroute& trace = run.results.at(0).at(0);
  CHECK(trace.stop == StopReason::GapLimit);
  CHECK(trace.hops.size() == 5);
  CHECK(used < std::chrono::milliseconds{2'100});
}

TEST_CASE("a loop ends a trace") {
  SimulatedNetwork network = line(3);
  for (std::uint32_t i = 0; i < 40; ++i) {
    network.hops.push_back({router(2 + i % 2)});
  }
  // Each destination has its packets sent, and so answered, in another order.
  const auto target = IpAddress::v4(0xcb007101 + GENERATE(range(0U, 30U)));
  SimulatedRun run{network,
                   {.window = 16, .destination_rate = 0},
                   {.key = {1, target.v4_value()}},
                   {target},
                   target.v4_value()};
  run.run(Duration{3'000});
  const Traceroute& trace = run.results.at(0).at(0);
  CHECK(trace.stop == StopReason::Loop);
  CHECK(trace.hops.size() == 4);
}

TEST_CASE("one address at two neighbouring hops is no loop") {
  SimulatedNetwork network = line(3);
  network.hops[2] = network.hops[1];
  SimulatedRun run{network, {}, {.key = {1, 2}}, {kTarget}};
  run.run();
  CHECK(run.results.at(0).at(0).stop == StopReason::Completed);
}

TEST_CASE("time exceeded from the target's own address completes a trace") {
  SimulatedNetwork network = line(3);
  network.hops.push_back({kTarget});
  network.hops.resize(20, {kTarget});
  SimulatedRun run{network, {}, {.key = {1, 2}}, {kTarget}};
  run.run();
  CHECK(run.results.at(0).at(0).stop == StopReason::Completed);
  CHECK(run.results.at(0).at(0).hops.size() == 4);
}

TEST_CASE("a path longer than the highest TTL ends at the hop limit") {
  SimulatedNetwork network = line(40);
  SimulatedRun run{network, {.max_ttl = 12}, {.key = {1, 2}}, {kTarget}};
  run.run();
  CHECK(run.results.at(0).at(0).stop == StopReason::HopLimit);
  CHECK(run.results.at(0).at(0).hops.size() == 12);
}

TEST_CASE("one flow sees one path through a diamond") {
  SimulatedNetwork network = diamond();
  for (std::uint64_t salt = 0; salt < 50; ++salt) {
    network.flow_salt = salt;
    SimulatedRun run{network, {}, {.key = {salt, 2}}, {kTarget}};
    run.run();
    const Traceroute& trace = run.results.at(0).at(0);
    const std::uint32_t first = trace.hops.at(3).replies.at(0).address.v4_value() & 0xff;
    const std::uint32_t second = trace.hops.at(4).replies.at(0).address.v4_value() & 0xff;
    CHECK(first + 10 == second);
  }
}

TEST_CASE("multipath finds all branches of a diamond, within 140 probe packets nearly always") {
  SimulatedNetwork network = diamond();
  int missed = 0;
  int costly = 0;
  std::uint64_t total = 0;
  for (std::uint64_t salt = 0; salt < 100; ++salt) {
    network.flow_salt = salt;
    network.packets = 0;
    SimulatedRun run{network, {.multipath_failure = 0.05}, {.key = {salt, 2}}, {kTarget}};
    run.run();
    std::set<IpAddress> seen;
    for (const Traceroute& trace : run.results.at(0)) {
      for (const Hop& hop : trace.hops) {
        for (const Reply& reply : hop.replies) {
          seen.insert(reply.address);
        }
      }
    }
    missed += seen.size() < 14 ? 1 : 0;
    total += network.packets;
    costly += network.packets > 140 ? 1 : 0;
    CHECK(run.results.at(0)[0].stop == StopReason::Completed);
  }
  // Both hops of the diamond may be missed with 5 % each; they share their flows.
  CHECK(missed <= 10);
  CHECK(costly <= 2);
  CHECK(total / 100 <= 120);
}

TEST_CASE("the stopping points are those of the paper") {
  CHECK(stopping_point(1, 0.05) == 6);
  CHECK(stopping_point(2, 0.05) == 11);
  CHECK(stopping_point(3, 0.05) == 16);
  CHECK(stopping_point(4, 0.05) == 21);
  CHECK(stopping_point(5, 0.05) == 27);
  CHECK(stopping_point(1, 0.01) == 8);
}

TEST_CASE("thousands of targets are traced whole, mixed, in bounded memory") {
  SimulatedNetwork network = line(7);
  const auto targets = many_targets(20'000);
  SimulatedRun run{network, {.destination_rate = 0}, {.key = {1, 2}}, targets};
  run.run(Duration{50});
  REQUIRE(run.results.size() == targets.size());
  std::uint32_t complete = 0;
  for (const auto& [target, traces] : run.results) {
    complete += traces.at(0).stop == StopReason::Completed && traces[0].hops.size() == 8 ? 1U : 0U;
    for (const Hop& hop : traces[0].hops) {
      REQUIRE(hop.replies.size() == 1);
    }
  }
  CHECK(complete == targets.size());
  CHECK(run.most_active < 2'000);
  CHECK(run.engine().counters().timed_out == 0);
}

TEST_CASE("packets to one destination keep their distance") {
  SimulatedNetwork network = line(9);
  SimulatedRun run{network, {.destination_rate = 100}, {.key = {1, 2}}, {kTarget}};
  run.run();
  for (std::size_t i = 1; i < run.sent.size(); ++i) {
    CHECK(run.sent[i] - run.sent[i - 1] >= Duration{9'900});
  }
}

TEST_CASE("a target named twice is traced twice, one after the other") {
  SimulatedNetwork network = line(3);
  SimulatedRun run{network, {}, {.key = {1, 2}}, {kTarget, kTarget}};
  run.run();
  CHECK(run.results.size() == 2);
}

TEST_CASE("late, repeated and guessed replies are counted, and change nothing") {
  SimulatedNetwork network = line(3);
  const ProbeFormat format{.key = {1, 2}};
  const std::vector<IpAddress> targets{kTarget};
  std::vector<Traceroute> result;
  TargetList list{targets, shared({}), 1};
  TraceEngine engine{
      {}, list, 1, TimePoint{}, [&](const TraceJob&, std::vector<Traceroute> traces) {
        result = std::move(traces);
      }};
  std::vector<std::string> answers;
  Duration now{};
  const auto hand_in = [&](const std::string& packet) {
    const auto reply = parse_reply(as_bytes(packet));
    const auto identity = identify(format, engine.expectation(*reply).replies, *reply);
    REQUIRE(identity);
    engine.receive(*identity, *reply, now, now);
  };
  while (!engine.done()) {
    now += Duration{5'000};
    if (auto order = engine.next(now)) {
      order->probe.source = IpAddress::v4(0xc0000201);
      Probe guess = order->probe;
      guess.id.ttl = 60;
      hand_in(test::ReplyBuilder{.from = router(9), .to = guess.source}.time_exceeded(
          build_probe(format, guess).view()));
      answers.push_back(network.answer(build_probe(format, order->probe).view()));
      hand_in(answers.back());
      if (!engine.done()) {
        hand_in(answers.back());
      }
    }
  }
  hand_in(answers.back());
  CHECK(engine.counters().answered == answers.size());
  CHECK(engine.counters().never_sent == answers.size());
  CHECK(engine.counters().duplicates + engine.counters().late == answers.size());
  CHECK(engine.counters().late >= 1);
  CHECK(result.at(0).hops.size() == 4);
}

TEST_CASE("a cancelled engine reports what it has") {
  SimulatedNetwork network = line(3);
  const std::vector<IpAddress> targets = many_targets(10);
  int cancelled = 0;
  TargetList list{targets, shared({}), 1};
  TraceEngine engine{
      {}, list, 1, TimePoint{}, [&](const TraceJob&, const std::vector<Traceroute>& traces) {
        cancelled += traces.at(0).stop == StopReason::Cancelled ? 1 : 0;
      }};
  REQUIRE(engine.next(Duration{}));
  engine.cancel_all(Duration{1});
  CHECK(engine.done());
  CHECK(cancelled == 10);
}

TEST_CASE("one trace can be cancelled, under way or waiting for another of its destination") {
  const std::vector<IpAddress> targets{kTarget, kTarget, router(1)};
  TargetList list{targets, shared({}), 1};
  std::map<std::uint64_t, std::vector<Traceroute>> ended;
  TraceEngine engine{
      {}, list, 1, TimePoint{}, [&](const TraceJob& job, std::vector<Traceroute> traces) {
        ended[job.id] = std::move(traces);
      }};
  REQUIRE(engine.next(Duration{}));
  REQUIRE(engine.active() == 2);
  CHECK(engine.cancel(2, Duration{1}));
  CHECK(ended.at(2).at(0).stop == StopReason::Cancelled);
  CHECK_FALSE(engine.cancel(2, Duration{1}));
  CHECK(engine.cancel(0, Duration{1}));
  CHECK(engine.cancel(1, Duration{1}));
  CHECK(ended.at(0).empty() != ended.at(1).empty());
  CHECK(engine.done());
  CHECK_FALSE(engine.cancel(17, Duration{2}));
}

TEST_CASE("traces with different options and time-outs share an engine") {
  struct Requests final : TraceSource {
    std::vector<TraceJob> jobs;
    std::optional<TraceJob> next() override {
      if (jobs.empty()) {
        return std::nullopt;
      }
      TraceJob job = jobs.back();
      jobs.pop_back();
      return job;
    }
    [[nodiscard]] bool is_empty() const override { return jobs.empty(); }
  };
  Requests source;
  source.jobs = {
      {router(1), shared({.max_ttl = 1, .attempts = 1}), 1, 0},
      {router(2), shared({.max_ttl = 1, .attempts = 1, .timeout = Duration{5'000}}), 2, 3}};
  std::map<std::uint64_t, Duration> ended;
  Duration now{};
  TraceEngine engine{
      {}, source, 1, TimePoint{}, [&](const TraceJob& job, const std::vector<Traceroute>& traces) {
        ended[job.id] = now;
        CHECK(traces.at(0).stop == StopReason::HopLimit);
      }};
  std::set<int> formats;
  while (!engine.done()) {
    engine.advance(now);
    while (const auto order = engine.next(now)) {
      formats.insert(order->format);
    }
    now = std::max(now + Duration{1}, engine.next_event().value_or(now));
  }
  CHECK(formats == std::set<int>{0, 3});
  CHECK(ended.at(2) < Duration{10'000});
  CHECK(ended.at(1) > Duration{990'000});
}
