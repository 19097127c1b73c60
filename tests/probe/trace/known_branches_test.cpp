#include "probe/trace/known_branches.hpp"

#include <set>

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

SimulatedNetwork diamond(std::uint32_t width) {
  SimulatedNetwork network;
  network.hops = {{router(1)}, {router(2)}, {router(3)}, {}, {}, {router(6)}, {router(7)}};
  for (std::uint32_t i = 1; i <= width; ++i) {
    network.hops[3].push_back(router(40 + i));
    network.hops[4].push_back(router(50 + i));
  }
  return network;
}

TraceOptions multipath() {
  TraceOptions options;
  options.multipath_failure = 0.01;
  options.destination_rate = 0;
  return options;
}

std::vector<Traceroute> trace(SimulatedNetwork& network, const TraceOptions& options) {
  network.packets = 0;
  SimulatedRun run{network, options, {.key = {1, 2}}, {kTarget}};
  run.run();
  return run.results.at(0);
}

/// Options of a later round, as the tracer makes them.
TraceOptions later(const std::vector<Traceroute>& before, std::uint16_t fresh_flow) {
  TraceOptions options = multipath();
  options.known = std::make_shared<const KnownBranches>(learn_branches(before));
  options.fresh_flow = fresh_flow;
  return options;
}

std::set<IpAddress> routers(const std::vector<Traceroute>& traces) {
  std::set<IpAddress> found;
  for (const Traceroute& each : traces) {
    for (const Hop& hop : each.hops) {
      for (const Reply& reply : hop.replies) {
        found.insert(reply.address);
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("a revisit sees every known router again with a third of the packets") {
  SimulatedNetwork network = diamond(4);
  const auto first = trace(network, multipath());
  const auto full = network.packets;
  REQUIRE(routers(first).size() == 14);
  const auto again = trace(network, later(first, 300));
  CHECK(routers(again) == routers(first));
  CHECK(network.packets * 3 <= full);
  for (const Traceroute& each : again) {
    CHECK(each.stop == StopReason::Completed);
  }
  // What a revisit showed serves the next one as well.
  CHECK(routers(trace(network, later(again, 301))) == routers(first));
}

TEST_CASE("a branch that was added is met by fresh flows, and all branches are then found") {
  SimulatedNetwork network = diamond(4);
  auto known = trace(network, multipath());
  SimulatedNetwork wider = diamond(5);
  int rounds = 0;
  while (!routers(known).contains(router(45)) && rounds < 100) {
    ++rounds;
    known = trace(wider, later(known, static_cast<std::uint16_t>(200 + rounds)));
  }
  CHECK(rounds < 100);
  CHECK(routers(known).contains(router(55)));
}

TEST_CASE("a branch that is gone, and a router in place of another, are noticed at once") {
  SimulatedNetwork network = diamond(4);
  const auto first = trace(network, multipath());
  SECTION("gone") {
    SimulatedNetwork narrow = diamond(3);
    const auto again = trace(narrow, later(first, 300));
    CHECK_FALSE(routers(again).contains(router(44)));
    CHECK(routers(again).size() == 12);
    CHECK(narrow.packets > 60);
  }
  SECTION("replaced") {
    network.hops[5] = {router(66)};
    const auto again = trace(network, later(first, 300));
    CHECK(routers(again).contains(router(66)));
    CHECK(routers(again).size() == 14);
    CHECK(network.packets > 60);
  }
  SECTION("longer") {
    network.hops.push_back({router(8)});
    const auto again = trace(network, later(first, 300));
    CHECK(routers(again).contains(router(8)));
    CHECK(again.at(0).stop == StopReason::Completed);
  }
}

TEST_CASE("silence is no change: a revisit does not grow by it") {
  SimulatedNetwork network = diamond(4);
  const auto first = trace(network, multipath());
  network.hops[1].clear();
  const auto again = trace(network, later(first, 300));
  CHECK(network.packets < 60);
  CHECK(routers(again).size() == 13);
}

TEST_CASE("nothing known asks for the whole") {
  SimulatedNetwork network = diamond(4);
  CHECK(routers(trace(network, later({}, 300))).size() == 14);
}
