// engine_soak PAIRS: a day's work of the engine, compressed: so many (target, TTL) pairs through a
// simulated network in virtual time, over several rounds of 32-bit microseconds. Every packet must
// have one size, every hop must be found, and memory at the end must be what it was after a tenth.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>

#include "tests/probe/trace/simulated_network.hpp"

using namespace isthmus;
using namespace isthmus::probe;

namespace {

constexpr std::uint32_t kHops = 8;  ///< seven routers and the target

/// Targets without a list: their number is all that there is of them.
class Targets final : public TraceSource {
 public:
  Targets(std::uint64_t count, std::shared_ptr<const TraceOptions> options)
      : count_{count},
        options_{std::move(options)} {}
  std::optional<TraceJob> next() override {
    if (is_empty()) {
      return std::nullopt;
    }
    const auto number = static_cast<std::uint32_t>(next_++);
    return TraceJob{IpAddress::v4(0x0b000000 + number), options_, number, 0};
  }
  [[nodiscard]] bool is_empty() const override { return next_ >= count_; }

 private:
  std::uint64_t count_;
  std::shared_ptr<const TraceOptions> options_;
  std::uint64_t next_ = 0;
};

std::size_t resident_kib() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0;
  std::size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t pairs = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  const std::uint64_t targets = pairs / kHops;
  test::SimulatedNetwork network;
  for (std::uint32_t i = 1; i < kHops; ++i) {
    network.hops.push_back({IpAddress::v4(0x0a000000 + i)});
  }
  const ProbeFormat format{.key = {1, 2}};
  std::uint64_t whole = 0;
  Targets source{targets,
                 std::make_shared<const TraceOptions>(TraceOptions{.destination_rate = 0})};
  TraceEngine engine{
      {}, source, 7, TimePoint{}, [&](const TraceJob& job, const std::vector<Traceroute>& traces) {
        const Traceroute& trace = traces.at(0);
        bool is_whole = trace.hops.size() == kHops &&
                        trace.hops.back().replies.at(0).address == job.destination;
        for (const Hop& hop : trace.hops) {
          is_whole = is_whole && hop.sent == 1 && hop.replies.size() == 1 &&
                     hop.replies[0].rtt == Duration{2'000 * hop.ttl};
        }
        whole += is_whole ? 1U : 0U;
      }};
  struct Arrival {
    Duration at;
    std::string packet;
    bool operator<(const Arrival& other) const { return at > other.at; }
  };
  std::priority_queue<Arrival> arrivals;
  std::set<std::size_t> sizes;
  std::size_t early = 0;
  Duration now{};
  while (!engine.done()) {
    while (!arrivals.empty() && arrivals.top().at <= now) {
      const Arrival arrival = arrivals.top();
      arrivals.pop();
      const auto reply = parse_reply(as_bytes(arrival.packet));
      const auto identity = identify(format, engine.expectation(*reply).replies, *reply);
      if (identity) {
        engine.receive(*identity, *reply, arrival.at, now);
      }
    }
    engine.advance(now);
    auto order = engine.next(now);
    if (order) {
      order->probe.source = IpAddress::v4(0xc0000201);
      engine.set_source(*order, order->probe.source);
      const auto packet = build_probe(format, order->probe);
      sizes.insert(packet.size);
      arrivals.push({now + 2 * network.delay * order->probe.id.ttl, network.answer(packet.view())});
    }
    // 1,150 packets a second, so that 10^7 pairs fill two and a half hours: the clock wraps twice.
    now += Duration{870};
    if (early == 0 && engine.counters().traces >= targets / 10) {
      early = resident_kib();
    }
  }
  const std::size_t late = resident_kib();
  const auto& counters = engine.counters();
  std::printf(
      "%llu traces, %llu packets, %llu whole; %zu packet sizes; %.1f h of virtual time; "
      "%zu KiB resident after a tenth, %zu KiB at the end\n",
      static_cast<unsigned long long>(counters.traces),
      static_cast<unsigned long long>(counters.sent), static_cast<unsigned long long>(whole),
      sizes.size(), static_cast<double>(now.count()) / 3.6e9, early, late);
  return whole == targets && sizes.size() == 1 && counters.timed_out == 0 && late < early + 1024
             ? 0
             : 1;
}
