#pragma once

#include <map>
#include <queue>
#include <string>
#include <vector>

#include "core/base/hash.hpp"
#include "probe/packet/ip_header.hpp"
#include "probe/packet/reply_packet.hpp"
#include "probe/trace/engine.hpp"
#include "probe/trace/target_list.hpp"
#include "tests/support/reply_builder.hpp"

namespace isthmus::test {

/// A network in memory that answers real packets in virtual time. All targets lie behind one path:
/// a list of hops, each of which has one or several routers that flows are spread over.
class SimulatedNetwork {
 public:
  /// Routers of one hop; none: silent.
  using HopRouters = std::vector<IpAddress>;

  std::vector<HopRouters> hops;
  Duration delay{1'000};  ///< one way, per hop
  bool target_answers = true;
  std::uint64_t flow_salt = 1;
  std::uint64_t packets = 0;
  std::map<int, int> per_hop;  ///< packets that expired at a hop

  /// The answer to a packet, or none; a branch is chosen by what routers hash.
  [[nodiscard]] std::string answer(Bytes packet) {
    const auto ip = *probe::parse_ip_header(packet);
    ++packets;
    ++per_hop[ip.ttl];
    const Bytes transport = packet.subspan(ip.size);
    if (ip.ttl > hops.size()) {
      if (!target_answers) {
        return {};
      }
      const ReplyBuilder host{.from = ip.destination, .to = ip.source};
      return ip.protocol == probe::kProtocolUdp   ? host.port_unreachable(packet)
             : ip.protocol == probe::kProtocolTcp ? host.tcp_answer(packet, true)
                                                  : host.echo_reply(packet);
    }
    const HopRouters& routers = hops[ip.ttl - 1];
    if (routers.empty()) {
      return {};
    }
    const std::uint64_t flow = combine(combine(hash_value(ip.destination), flow_salt),
                                       hash_text(as_text(transport.first(4))));
    const std::size_t branch = flow % routers.size();
    return ReplyBuilder{.from = routers[branch], .to = ip.source}.time_exceeded(packet);
  }
};

/// Runs an engine against it until it is done, or for a time. Returns the virtual time used.
class SimulatedRun {
 public:
  SimulatedRun(SimulatedNetwork& network, const probe::TraceOptions& options,
               probe::ProbeFormat format, std::vector<IpAddress> targets, std::uint64_t seed = 42)
      : network_{network},
        format_{format},
        targets_{std::move(targets)},
        list_{targets_, std::make_shared<const probe::TraceOptions>(options), seed},
        engine_{{},
                list_,
                seed,
                TimePoint{},
                [this](const probe::TraceJob& job, std::vector<Traceroute> traces) {
                  results[static_cast<std::uint32_t>(job.id)] = std::move(traces);
                }} {}

  std::map<std::uint32_t, std::vector<Traceroute>> results;
  std::vector<Duration> sent;
  std::size_t most_active = 0;

  /// `gap` is the time between two packets; the clock begins at `now`.
  Duration run(Duration gap = Duration{100}, Duration now = {}) {
    while (!engine_.done()) {
      deliver(now);
      engine_.advance(now);
      if (const auto order = engine_.next(now)) {
        send(*order, now);
        now += gap;
        continue;
      }
      const auto event = engine_.next_event();
      Duration until = event ? *event : Duration::max();
      if (!answers_.empty()) {
        until = std::min(until, answers_.top().at);
      }
      if (until == Duration::max()) {
        break;
      }
      now = std::max(now + Duration{1}, until);
    }
    return now;
  }
  probe::TraceEngine& engine() { return engine_; }

 private:
  struct Arrival {
    Duration at;
    std::string packet;
    friend bool operator<(const Arrival& left, const Arrival& right) { return left.at > right.at; }
  };

  void send(const probe::ProbeOrder& order, Duration now) {
    probe::Probe probe = order.probe;
    probe.source = probe.id.destination.is_v4() ? IpAddress::v4(0xc0000201)
                                                : IpAddress::v6(0x2001'0db8ULL << 32, 1);
    engine_.set_source(order, probe.source);
    sent.push_back(now);
    most_active = std::max(most_active, engine_.active());
    const auto packet = probe::build_probe(format_, probe);
    std::string answer = network_.answer(packet.view());
    if (!answer.empty()) {
      answers_.push({now + 2 * network_.delay * probe.id.ttl, std::move(answer)});
    }
  }

  void deliver(Duration now) {
    while (!answers_.empty() && answers_.top().at <= now) {
      const Arrival arrival = answers_.top();
      answers_.pop();
      const auto reply = probe::parse_reply(as_bytes(arrival.packet));
      const auto identity =
          reply ? probe::identify(format_, engine_.expectation(*reply).replies, *reply)
                : std::nullopt;
      if (identity) {
        engine_.receive(*identity, *reply, arrival.at, now);
      }
    }
  }

  SimulatedNetwork& network_;
  probe::ProbeFormat format_;
  std::vector<IpAddress> targets_;
  probe::TargetList list_;
  probe::TraceEngine engine_;
  std::priority_queue<Arrival> answers_;
};

}  // namespace isthmus::test
