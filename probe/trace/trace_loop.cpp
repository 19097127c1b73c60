#include "probe/trace/trace_loop.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
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
/// How long a capture that failed is left alone.
constexpr Duration kCaptureRest{100'000};
constexpr std::size_t kMostFormats = 255;

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

/// The sockets of an engine.
struct Sockets {
  PacketSender sender;
  Capture capture;
  RouteLookup routes;
};

class SocketLoop final : public TraceLoop {
 public:
  SocketLoop(asio::io_context& io, NetworkOptions options, Sockets sockets, TraceSource& source,
             TraceEngine::Finished finished, TraceEngine::Answered answered)
      : options_{std::move(options)},
        sockets_{std::move(sockets)},
        timer_{io},
        readable_{io, sockets_.capture.descriptor()},
        capture_rest_{io},
        pacer_{options_.rate, monotonic_now()},
        engine_{options_.limits,
                source,
                random_word(),
                wall_now() - monotonic_now(),
                [this, finished = std::move(finished)](const TraceJob& job,
                                                       std::vector<Traceroute> traces) {
                  complete(job, traces);
                  finished(job, std::move(traces));
                },
                std::move(answered)} {
    clock_.sample(wall_now(), monotonic_now());
    wait_readable();
  }

  ~SocketLoop() override { readable_.release(); }
  SocketLoop(const SocketLoop&) = delete;
  SocketLoop& operator=(const SocketLoop&) = delete;

  std::optional<std::uint8_t> format_for(ProbeMethod method, std::uint16_t port) override;
  void wake() override { work(); }
  bool cancel(std::uint64_t id) override { return engine_.cancel(id, monotonic_now()); }
  void cancel_all() override { engine_.cancel_all(monotonic_now()); }
  void set_rate(double rate) override;
  [[nodiscard]] bool is_idle() const override { return engine_.done(); }
  [[nodiscard]] std::size_t active() const override { return engine_.active(); }
  [[nodiscard]] TraceCounters counters() const override;

 private:
  /// What becomes of an order before its packet is handed to the kernel.
  enum class Preparation : std::uint8_t { Ready, Later };

  void complete(const TraceJob& job, std::vector<Traceroute>& traces) const;
  void wait_readable();
  void wait_timer();
  void drain();
  void handle(const LinkFrame& frame, TimePoint stamp);
  void work();
  void send_due(Duration now);
  std::uint32_t send_batch(std::uint32_t most, Duration now);
  Preparation prepare(ProbeOrder& order, OutgoingPacket& packet, Duration now);
  void settle(const ProbeOrder& order, SendOutcome outcome, Duration now);
  void retry_down(const ProbeOrder& order, Duration now);

  NetworkOptions options_;
  Sockets sockets_;
  asio::steady_timer timer_;
  asio::posix::stream_descriptor readable_;
  asio::steady_timer capture_rest_;
  std::vector<ProbeFormat> formats_;
  ClockMap clock_;
  Pacer pacer_;
  TraceEngine engine_;
  std::array<ProbeOrder, PacketSender::kBatch> orders_;
  std::array<OutgoingPacket, PacketSender::kBatch> packets_;
  std::array<SendOutcome, PacketSender::kBatch> outcomes_{};
  std::optional<Duration> down_since_;
  Duration routes_checked_{};
  std::optional<Duration> way_changed_;
  TraceCounters counters_;
};

std::optional<std::uint8_t> SocketLoop::format_for(ProbeMethod method, std::uint16_t port) {
  const auto found = std::find_if(formats_.begin(), formats_.end(), [&](const ProbeFormat& each) {
    return each.method == method && each.destination_port == port;
  });
  const auto index = static_cast<std::size_t>(found - formats_.begin());
  if (found == formats_.end()) {
    if (formats_.size() == kMostFormats) {
      return std::nullopt;
    }
    ProbeFormat format = options_.format;
    format.method = method;
    format.destination_port = port;
    formats_.push_back(format);
  }
  return static_cast<std::uint8_t>(index);
}

void SocketLoop::set_rate(double rate) {
  options_.rate = rate;
  pacer_ = Pacer{rate, monotonic_now()};
  work();
}

void SocketLoop::complete(const TraceJob& job, std::vector<Traceroute>& traces) const {
  for (Traceroute& trace : traces) {
    const ProbeFormat& format = formats_[job.format];
    const bool is_v4 = trace.destination.is_v4();
    const bool is_tcp =
        format.method == ProbeMethod::TcpSyn || format.method == ProbeMethod::TcpAck;
    const ProbeFields fields = probe_fields(format, {trace.destination, 1, trace.flow, 0});
    trace.vantage = options_.vantage;
    trace.method = format.method;
    trace.source_port = fields.flow_port;
    trace.destination_port =
        format.method == ProbeMethod::Icmp ? fields.checksum : format.destination_port;
    trace.probe_size = static_cast<std::uint16_t>((is_v4 ? 20 : 40) + (is_tcp ? 20 : 24));
  }
}

void SocketLoop::wait_readable() {
  readable_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [this](const boost::system::error_code& error) {
                         if (!error) {
                           drain();
                           work();
                         }
                       });
}

void SocketLoop::drain() {
  const Capture::Handler handler = [this](const LinkFrame& frame, TimePoint stamp) {
    handle(frame, stamp);
  };
  const unsigned steps = clock_.steps();
  clock_.sample(wall_now(), monotonic_now());
  if (clock_.steps() != steps) {
    engine_.set_wall_start(wall_now() - monotonic_now());
  }
  // One block of the ring at a time; the sender must not starve meanwhile.
  int frames = 1;
  for (int blocks = 0; blocks < 64 && frames > 0; ++blocks) {
    frames = sockets_.capture.drain(handler);
  }
  if (frames >= 0) {
    wait_readable();
    return;
  }
  // The interface is down or gone, and the descriptor readable all the time.
  ++counters_.capture_errors;
  capture_rest_.expires_after(kCaptureRest);
  capture_rest_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      wait_readable();
    }
  });
}

void SocketLoop::handle(const LinkFrame& frame, TimePoint stamp) {
  if (frame.direction != Direction::Incoming) {
    const auto ip = parse_ip_header(frame.packet);
    const EngineExpectation expected =
        ip ? engine_.expectation(ip->destination) : EngineExpectation{};
    if (expected.replies.rounds != 0) {
      const auto sent = identify_sent(formats_[expected.format], expected.replies, frame.packet);
      if (sent) {
        engine_.sent_at(*sent, clock_.monotonic(stamp));
        return;
      }
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
  const EngineExpectation expected = engine_.expectation(*reply);
  const auto identity = expected.replies.rounds == 0
                            ? std::nullopt
                            : identify(formats_[expected.format], expected.replies, *reply);
  if (!identity) {
    ++counters_.foreign;
    return;
  }
  engine_.receive(*identity, *reply, clock_.monotonic(stamp), monotonic_now());
}

void SocketLoop::retry_down(const ProbeOrder& order, Duration now) {
  if (!down_since_) {
    down_since_ = now;
  }
  if (now - *down_since_ > kDownFor) {
    engine_.fail(order, now);
  } else {
    engine_.postpone(order, now + kRetryDown);
  }
}

SocketLoop::Preparation SocketLoop::prepare(ProbeOrder& order, OutgoingPacket& packet,
                                            Duration now) {
  const auto hop = sockets_.routes.find(order.probe.id.destination, now);
  if (!hop) {
    if (hop.error() == RouteFault::Unresolved) {
      engine_.postpone(order, now + kRetrySoon);
    } else if (down_since_ || (way_changed_ && now - *way_changed_ < kDownFor)) {
      retry_down(order, now);  // an interface that goes down takes its routes along
    } else {
      ++counters_.unresolved;
      engine_.fail(order, now);
    }
    return Preparation::Later;
  }
  // The source of a trace stays what it began with: another one would be another flow.
  if (order.probe.source == IpAddress{}) {
    order.probe.source = hop->source;
    engine_.set_source(order, hop->source);
  }
  packet.size = build_probe(formats_[order.format], order.probe, packet.bytes);
  packet.next_hop = *hop;
  return Preparation::Ready;
}

void SocketLoop::settle(const ProbeOrder& order, SendOutcome outcome, Duration now) {
  switch (outcome) {
    case SendOutcome::Sent:
      down_since_.reset();
      break;
    case SendOutcome::Busy:
      ++counters_.send_busy;
      engine_.postpone(order, now + kRetrySoon);
      break;
    case SendOutcome::Down:
      ++counters_.send_down;
      retry_down(order, now);
      break;
    case SendOutcome::Refused:
      ++counters_.send_refused;
      engine_.fail(order, now);
      break;
  }
}

/// Sends up to `most` packets and returns how many left; none if nothing is due.
std::uint32_t SocketLoop::send_batch(std::uint32_t most, Duration now) {
  const std::size_t room = std::min<std::size_t>(most, PacketSender::kBatch);
  std::size_t count = 0;
  while (count < room) {
    auto order = engine_.next(now);
    if (!order) {
      break;
    }
    orders_[count] = *order;
    count += prepare(orders_[count], packets_[count], now) == Preparation::Ready ? 1U : 0U;
  }
  if (count == 0) {
    return 0;
  }
  const auto outcomes = std::span{outcomes_}.first(count);
  const Duration before = monotonic_now();
  sockets_.sender.send(std::span{packets_}.first(count), outcomes);
  const Duration took = monotonic_now() - before;
  std::uint32_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (outcomes[i] == SendOutcome::Sent) {
      ++left;
      // The kernel takes about the same time for each packet of a batch.
      const auto share = static_cast<Duration::rep>(i) * took.count();
      engine_.correct(orders_[i], before + Duration{share / static_cast<Duration::rep>(count)});
    }
    settle(orders_[i], outcomes[i], now);
  }
  return left;
}

void SocketLoop::send_due(Duration now) {
  std::uint32_t count = pacer_.available(now);
  while (count > 0) {
    const std::uint32_t left = send_batch(count, monotonic_now());
    if (left == 0) {
      return;
    }
    pacer_.take(left);
    count -= left;
  }
}

void SocketLoop::work() {
  const Duration now = monotonic_now();
  if (now - routes_checked_ > Duration{10'000}) {
    routes_checked_ = now;
    if (sockets_.routes.follow_changes()) {
      way_changed_ = now;
    }
  }
  engine_.advance(now);
  send_due(now);
  wait_timer();
}

void SocketLoop::wait_timer() {
  const auto event = engine_.next_event();
  if (!event) {
    timer_.cancel();  // nothing under way: `wake` comes when there is
    return;
  }
  const Duration now = monotonic_now();
  const Duration wake = std::max(*event, pacer_.next(now));
  // Above 10,000 packets a second the timer is too coarse to wake for each.
  const Duration least{options_.rate >= 10'000 ? 500 : 0};
  timer_.expires_after(std::max(least, wake - now));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) {
      work();
    }
  });
}

TraceCounters SocketLoop::counters() const {
  TraceCounters sum = counters_;
  sum.engine = engine_.counters();
  sum.capture = sockets_.capture.counters();
  sum.route_changes = sockets_.routes.changes();
  sum.clock_steps = clock_.steps();
  return sum;
}

}  // namespace

Result<std::unique_ptr<TraceLoop>> TraceLoop::open(asio::io_context& io, NetworkOptions options,
                                                   TraceSource& source,
                                                   TraceEngine::Finished finished,
                                                   TraceEngine::Answered answered) {
  if (options.format.key.low == 0 && options.format.key.high == 0) {
    options.format.key = {random_word(), random_word()};
  }
  if (options.limits.backlog == 0) {
    options.limits.backlog = std::max<std::size_t>(64, static_cast<std::size_t>(options.rate / 10));
  }
  // Beyond this rate the clock around the call serves as well: the stamps would cost more CPU.
  options.capture.own_probes = options.capture.own_probes && options.rate <= 50'000;
  auto sender = PacketSender::open();
  if (!sender) {
    return unexpected{sender.error()};
  }
  auto capture = Capture::open(options.capture, options.format);
  if (!capture) {
    return unexpected{capture.error()};
  }
  auto routes = RouteLookup::open(options.source_v4, options.source_v6);
  if (!routes) {
    return unexpected{routes.error()};
  }
  Sockets sockets{std::move(*sender), std::move(*capture), std::move(*routes)};
  return std::unique_ptr<TraceLoop>{
      std::make_unique<SocketLoop>(io, std::move(options), std::move(sockets), source,
                                   std::move(finished), std::move(answered))};
}

}  // namespace isthmus::probe
