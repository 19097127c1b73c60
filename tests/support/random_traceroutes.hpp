#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "core/route/hop.hpp"
#include "core/wire/result_batch.hpp"

namespace isthmus::testing {

/// Traceroutes from a seed: `arbitrary` ones use every field of every type to its limits, to prove
/// that nothing is lost; `plausible` ones have the entropy of real ones, to be counted and weighed.
class RandomTraceroutes {
 public:
  explicit RandomTraceroutes(std::uint64_t seed, std::string probe = "ams-1")
      : random_{seed},
        probe_{std::move(probe)} {
    for (int i = 0; i < 400; ++i) {
      routers_.push_back(IpAddress::v4(number<std::uint32_t>()));
    }
    for (int i = 0; i < 64; ++i) {
      targets_.push_back(IpAddress::v4(0xaf2db000U + number<std::uint32_t>() % 1024));
    }
  }

  Traceroute arbitrary() {
    Traceroute trace;
    trace.vantage = {.plane = one_in(2) ? Plane::Data : Plane::Control,
                     .source = std::string(number<std::uint32_t>() % 3, 'p'),
                     .address = address(),
                     .asn = Asn{number<std::uint32_t>()}};
    trace.source = address();
    trace.destination = address();
    trace.method = static_cast<ProbeMethod>(number<std::uint32_t>() % 4);
    trace.flow = number<std::uint16_t>();
    trace.source_port = number<std::uint16_t>();
    trace.destination_port = number<std::uint16_t>();
    trace.probe_size = number<std::uint16_t>();
    trace.start = TimePoint{Duration{number<std::int64_t>()}};
    trace.end = TimePoint{Duration{number<std::int64_t>()}};
    trace.stop = static_cast<StopReason>(number<std::uint32_t>() % 7);
    const bool counts_up = one_in(2);
    const std::uint32_t hops = number<std::uint32_t>() % 40;
    for (std::uint32_t i = 0; i < hops; ++i) {
      Hop hop{.ttl = counts_up ? static_cast<std::uint8_t>(i + 1) : number<std::uint8_t>(),
              .sent = number<std::uint8_t>()};
      for (std::uint32_t k = number<std::uint32_t>() % 4; k > 0; --k) {
        hop.replies.push_back(one_in(4) ? Reply{} : arbitrary_reply());
      }
      trace.hops.push_back(std::move(hop));
    }
    return trace;
  }

  /// Fifteen hops of one probe towards one of 64 addresses, started one after another.
  Traceroute plausible() {
    constexpr std::uint8_t kHops = 15;
    Traceroute trace;
    trace.vantage = {.plane = Plane::Data,
                     .source = probe_,
                     .address = IpAddress::v4(0xc0000201),
                     .asn = Asn{64496}};
    trace.source = trace.vantage.address;
    trace.destination = targets_[number<std::uint32_t>() % targets_.size()];
    trace.flow = number<std::uint16_t>() % 16;
    trace.source_port = static_cast<std::uint16_t>(33000 + trace.flow);
    trace.destination_port = 33434;
    trace.probe_size = 44;
    now_ += Duration{number<std::uint32_t>() % 100'000};
    trace.start = now_;
    const std::size_t branch = number<std::uint32_t>() % 8;
    double rtt = 200;
    for (std::uint8_t ttl = 1; ttl <= kHops; ++ttl) {
      Hop hop{.ttl = ttl, .sent = 1};
      rtt += std::exponential_distribution{1.0 / 4'000}(random_);
      const bool silent = ttl != kHops && one_in(12);
      hop.sent = silent ? 2 : 1;
      if (!silent) {
        hop.replies.push_back(plausible_reply(trace, ttl, branch, rtt));
      }
      trace.hops.push_back(std::move(hop));
    }
    trace.end = trace.start + Duration{1'200'000 + number<std::uint32_t>() % 800'000};
    return trace;
  }

  /// The next plausible ones, in a batch.
  ResultBatch batch(std::size_t count, std::uint64_t boot = 1, std::uint64_t first_sequence = 1) {
    ResultBatch batch{.probe = probe_, .boot = boot, .software = "isthmus-probe 0.1.0"};
    for (std::size_t i = 0; i < count; ++i) {
      batch.traces.push_back({.sequence = first_sequence + i, .trace = plausible()});
    }
    return batch;
  }

  template <typename T>
  T number() {
    return static_cast<T>(random_());
  }
  bool one_in(std::uint32_t n) { return number<std::uint32_t>() % n == 0; }

 private:
  IpAddress address() {
    return one_in(2) ? IpAddress::v4(number<std::uint32_t>())
                     : IpAddress::v6(number<std::uint64_t>(), number<std::uint64_t>());
  }

  Reply arbitrary_reply() {
    Reply reply{.address = address(),
                .kind = static_cast<ReplyKind>(number<std::uint32_t>() % 10),
                .rtt = Duration{number<std::int64_t>()},
                .reply_ttl = number<std::uint8_t>(),
                .icmp_type = number<std::uint8_t>(),
                .icmp_code = number<std::uint8_t>(),
                .size = number<std::uint16_t>(),
                .attempt = number<std::uint8_t>(),
                .tos = number<std::uint8_t>(),
                .ip_id = number<std::uint16_t>(),
                .mtu = number<std::uint16_t>(),
                .tcp_flags = number<std::uint8_t>(),
                .nat = one_in(2)};
    if (one_in(2)) {
      reply.quoted_ttl = number<std::uint8_t>();
      reply.quoted_tos = number<std::uint8_t>();
    }
    for (std::uint32_t i = number<std::uint32_t>() % 3; i > 0; --i) {
      reply.mpls.push_back({.label = number<std::uint32_t>(),
                            .traffic_class = number<std::uint8_t>(),
                            .bottom = one_in(2),
                            .ttl = number<std::uint8_t>()});
    }
    for (std::uint32_t i = number<std::uint32_t>() % 3; i > 0; --i) {
      IcmpObject object{.class_number = number<std::uint8_t>(), .type = number<std::uint8_t>()};
      object.payload.resize(number<std::uint32_t>() % 20, std::byte{number<std::uint8_t>()});
      reply.objects.push_back(std::move(object));
    }
    return reply;
  }

  Reply plausible_reply(const Traceroute& trace, std::uint8_t ttl, std::size_t branch, double rtt) {
    const bool last = ttl == 15;
    const std::size_t router = ttl < 4 ? ttl : ttl * 20 + branch;
    Reply reply{.address = last ? trace.destination : routers_[router % routers_.size()],
                .kind = last ? ReplyKind::PortUnreachable : ReplyKind::TimeExceeded,
                .rtt = Duration{static_cast<std::int64_t>(rtt)},
                .reply_ttl = static_cast<std::uint8_t>((router % 3 == 0 ? 64 : 255) - ttl),
                .quoted_ttl = std::uint8_t{1},
                .icmp_type = static_cast<std::uint8_t>(last ? 3 : 11),
                .icmp_code = static_cast<std::uint8_t>(last ? 3 : 0),
                .size = static_cast<std::uint16_t>(router % 4 == 0 ? 168 : 72),
                .quoted_tos = std::uint8_t{0},
                .ip_id = router % 2 == 0 ? number<std::uint16_t>() : std::uint16_t{0}};
    if (ttl > 5 && router % 4 == 0) {
      reply.mpls.push_back(
          {.label = 24'000U + static_cast<std::uint32_t>(router), .bottom = true, .ttl = 1});
    }
    return reply;
  }

  std::mt19937_64 random_;
  std::string probe_;
  std::vector<IpAddress> routers_;
  std::vector<IpAddress> targets_;
  TimePoint now_{std::chrono::seconds{1'506'848'871}};
};

}  // namespace isthmus::testing
