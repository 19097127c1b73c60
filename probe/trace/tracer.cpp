#include "probe/trace/tracer.hpp"

#include <sys/random.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "probe/packet/identity.hpp"
#include "probe/packet/probe_fields.hpp"
#include "probe/trace/clock_map.hpp"
#include "probe/trace/pacer.hpp"
#include "probe/trace/packet_sender.hpp"
#include "probe/trace/route_lookup.hpp"

namespace isthmus::probe {
namespace {

namespace asio = boost::asio;

constexpr Duration kRetrySoon{2'000};
constexpr Duration kRetryDown{100'000};
/// How long packets wait for an interface to come up again.
constexpr Duration kDownFor = std::chrono::seconds{10};

Duration monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds{time.tv_sec} +
         std::chrono::duration_cast<Duration>(std::chrono::nanoseconds{time.tv_nsec});
}

TimePoint wall_now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return TimePoint{std::chrono::seconds{time.tv_sec} +
                   std::chrono::duration_cast<Duration>(std::chrono::nanoseconds{time.tv_nsec})};
}

std::uint64_t random_word() {
  std::uint64_t word = 0;
  // Cannot fail: so few bytes come from the pool at once.
  static_cast<void>(getrandom(&word, sizeof word, 0));
  return word;
}

class SocketTracer : public Tracer {
 public:
  SocketTracer(TracerOptions options, PacketSender sender, Capture capture, RouteLookup routes)
      : options_{std::move(options)},
        sender_{std::move(sender)},
        capture_{std::move(capture)},
        routes_{std::move(routes)},
        timer_{io_},
        readable_{io_, capture_.descriptor()},
        signals_{io_, SIGINT, SIGTERM} {
    clock_.sample(wall_now(), monotonic_now());
  }

  ~SocketTracer() override { readable_.release(); }
  SocketTracer(const SocketTracer&) = delete;
  SocketTracer& operator=(const SocketTracer&) = delete;

  bool run(const std::vector<IpAddress>& targets, const Finished& finished) override;
  [[nodiscard]] TracerCounters counters() const override;

 private:
  void run_round(const std::vector<IpAddress>& targets, unsigned round, const Finished& finished);
  void complete(std::vector<Traceroute>& traces) const;
  void wait_readable();
  void wait_timer();
  void drain();
  void handle(const LinkFrame& frame, TimePoint stamp);
  void work();
  void send_due(Duration now);
  bool send(ProbeOrder& order, Duration now);
  void retry_down(const ProbeOrder& order, Duration now);
  void stop_if_done();

  TracerOptions options_;
  PacketSender sender_;
  Capture capture_;
  RouteLookup routes_;
  asio::io_context io_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor readable_;
  asio::signal_set signals_;
  ClockMap clock_;
  std::optional<Pacer> pacer_;
  std::optional<TraceEngine> engine_;
  Expectation expectation_;
  std::optional<Duration> down_since_;
  Duration routes_checked_{};
  std::optional<Duration> way_changed_;
  bool cancelled_ = false;
  TracerCounters counters_;
};

bool SocketTracer::run(const std::vector<IpAddress>& targets, const Finished& finished) {
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) {
      cancelled_ = true;
      engine_->cancel(monotonic_now());
      stop_if_done();
    }
  });
  pacer_.emplace(options_.rate, monotonic_now());
  for (unsigned round = 0; round < options_.rounds && !cancelled_; ++round) {
    run_round(targets, round, finished);
  }
  return !cancelled_;
}

void SocketTracer::run_round(const std::vector<IpAddress>& targets, unsigned round,
                             const Finished& finished) {
  const auto first_round = static_cast<std::uint8_t>(round * options_.trace.attempts);
  const TimePoint wall_start = wall_now() - monotonic_now();
  if (engine_) {
    const EngineCounters before = engine_->counters();
    counters_.engine.sent += before.sent;
    counters_.engine.answered += before.answered;
    counters_.engine.timed_out += before.timed_out;
    counters_.engine.duplicates += before.duplicates;
    counters_.engine.late += before.late;
    counters_.engine.never_sent += before.never_sent;
    counters_.engine.traces += before.traces;
  }
  engine_.emplace(options_.trace, targets, random_word(), wall_start, first_round,
                  [this, round, &finished](std::uint32_t, std::vector<Traceroute> traces) {
                    complete(traces);
                    finished(round, std::move(traces));
                  });
  expectation_ = engine_->expectation();
  wait_readable();
  work();
  if (!engine_->done()) {
    io_.restart();
    io_.run();
  }
}

void SocketTracer::complete(std::vector<Traceroute>& traces) const {
  for (Traceroute& trace : traces) {
    const bool is_v4 = trace.destination.is_v4();
    const bool is_tcp = options_.format.method == ProbeMethod::TcpSyn ||
                        options_.format.method == ProbeMethod::TcpAck;
    const ProbeFields fields = probe_fields(options_.format, {trace.destination, 1, trace.flow, 0});
    trace.vantage = options_.vantage;
    trace.method = options_.format.method;
    trace.source_port = fields.flow_port;
    trace.destination_port = options_.format.method == ProbeMethod::Icmp
                                 ? fields.checksum
                                 : options_.format.destination_port;
    trace.probe_size = static_cast<std::uint16_t>((is_v4 ? 20 : 40) + (is_tcp ? 20 : 24));
  }
}

void SocketTracer::stop_if_done() {
  if (engine_->done()) {
    timer_.cancel();
    readable_.cancel();
    io_.stop();
  }
}

void SocketTracer::wait_readable() {
  readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (error) {
                           return;
                         }
                         drain();
                         work();
                         if (!engine_->done()) {
                           wait_readable();
                         }
                       });
}

void SocketTracer::drain() {
  const Capture::Handler handler = [this](const LinkFrame& frame, TimePoint stamp) {
    handle(frame, stamp);
  };
  clock_.sample(wall_now(), monotonic_now());
  // One block of the ring at a time; the sender must not starve meanwhile.
  for (int blocks = 0; blocks < 64 && capture_.drain(handler) > 0; ++blocks) {
  }
}

void SocketTracer::handle(const LinkFrame& frame, TimePoint stamp) {
  if (frame.direction != Direction::Incoming) {
    const auto sent = identify_sent(options_.format, expectation_, frame.packet);
    if (sent) {
      engine_->sent_at(*sent, clock_.monotonic(stamp));
      return;
    }
    if (frame.direction == Direction::Outgoing) {
      return;
    }
  }
  const auto reply = parse_reply(frame.packet);
  if (!reply) {
    ++counters_.faults[static_cast<std::size_t>(reply.error())];
    return;
  }
  const auto identity = identify(options_.format, expectation_, *reply);
  if (!identity) {
    ++counters_.foreign;
    return;
  }
  engine_->receive(*identity, *reply, clock_.monotonic(stamp), monotonic_now());
}

void SocketTracer::retry_down(const ProbeOrder& order, Duration now) {
  if (!down_since_) {
    down_since_ = now;
  }
  if (now - *down_since_ > kDownFor) {
    engine_->fail(order, now);
  } else {
    engine_->postpone(order, now + kRetryDown);
  }
}

/// True if the packet left.
bool SocketTracer::send(ProbeOrder& order, Duration now) {
  const auto hop = routes_.find(order.probe.id.destination, now);
  if (!hop) {
    if (hop.error() == RouteFault::Unresolved) {
      engine_->postpone(order, now + kRetrySoon);
    } else if (down_since_ || (way_changed_ && now - *way_changed_ < kDownFor)) {
      retry_down(order, now);  // an interface that goes down takes its routes along
    } else {
      ++counters_.unresolved;
      engine_->fail(order, now);
    }
    return false;
  }
  // The source of a trace stays what it began with: another one would be another flow.
  if (order.probe.source == IpAddress{}) {
    order.probe.source = hop->source;
    engine_->set_source(order, hop->source);
  }
  std::array<std::byte, kLongestProbe> buffer{};
  const std::size_t size = build_probe(options_.format, order.probe, buffer);
  switch (sender_.send(std::span{buffer}.first(size), *hop)) {
    case SendOutcome::Sent:
      down_since_.reset();
      return true;
    case SendOutcome::Busy:
      ++counters_.send_busy;
      engine_->postpone(order, now + kRetrySoon);
      return false;
    case SendOutcome::Down:
      ++counters_.send_down;
      retry_down(order, now);
      return false;
    case SendOutcome::Refused:
      break;
  }
  ++counters_.send_refused;
  engine_->fail(order, now);
  return false;
}

void SocketTracer::send_due(Duration now) {
  std::uint32_t count = pacer_->available(now);
  while (count > 0) {
    auto order = engine_->next(monotonic_now());
    if (!order) {
      return;
    }
    if (send(*order, now)) {
      pacer_->take(1);
      --count;
    }
  }
}

void SocketTracer::work() {
  const Duration now = monotonic_now();
  if (now - routes_checked_ > Duration{10'000}) {
    routes_checked_ = now;
    if (routes_.follow_changes()) {
      way_changed_ = now;
    }
  }
  engine_->advance(now);
  send_due(now);
  stop_if_done();
  if (!engine_->done()) {
    wait_timer();
  }
}

void SocketTracer::wait_timer() {
  const Duration now = monotonic_now();
  const auto event = engine_->next_event();
  Duration wake = event ? *event : now + std::chrono::seconds{1};
  if (event) {
    wake = std::max(wake, pacer_->next(now));
  }
  // Above 10,000 packets a second the timer is too coarse to wake for each.
  const Duration least{options_.rate >= 10'000 ? 500 : 0};
  timer_.expires_after(std::max(least, wake - now));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      work();
    }
  });
}

TracerCounters SocketTracer::counters() const {
  TracerCounters sum = counters_;
  if (engine_) {
    const EngineCounters& last = engine_->counters();
    sum.engine.sent += last.sent;
    sum.engine.answered += last.answered;
    sum.engine.timed_out += last.timed_out;
    sum.engine.duplicates += last.duplicates;
    sum.engine.late += last.late;
    sum.engine.never_sent += last.never_sent;
    sum.engine.traces += last.traces;
  }
  sum.capture = capture_.counters();
  sum.route_changes = routes_.changes();
  sum.clock_steps = clock_.steps();
  return sum;
}

}  // namespace

Result<std::unique_ptr<Tracer>> Tracer::open(TracerOptions options) {
  if (options.format.key.low == 0 && options.format.key.high == 0) {
    options.format.key = {random_word(), random_word()};
  }
  options.trace.backlog = std::max<std::size_t>(64, static_cast<std::size_t>(options.rate / 10));
  // Beyond this rate the clock before the call serves as well: the stamps would cost more CPU.
  options.capture.own_probes = options.capture.own_probes && options.rate <= 50'000;
  auto sender = PacketSender::open();
  if (!sender) {
    return unexpected{sender.error()};
  }
  const auto flows = options.trace.multipath_failure
                         ? options.trace.multipath_flows
                         : static_cast<std::uint16_t>(options.trace.flow + 1);
  auto capture = Capture::open(options.capture, options.format, flows);
  if (!capture) {
    return unexpected{capture.error()};
  }
  auto routes = RouteLookup::open(options.source_v4, options.source_v6);
  if (!routes) {
    return unexpected{routes.error()};
  }
  if (options.drop_capabilities) {
    if (const auto dropped = drop_capabilities(); !dropped) {
      return unexpected{dropped.error()};
    }
  }
  return std::unique_ptr<Tracer>{std::make_unique<SocketTracer>(
      std::move(options), std::move(*sender), std::move(*capture), std::move(*routes))};
}

}  // namespace isthmus::probe
