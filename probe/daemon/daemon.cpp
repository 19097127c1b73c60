#include "probe/daemon/daemon.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <unordered_map>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/runtime/http_router.hpp"
#include "core/runtime/http_server.hpp"
#include "core/runtime/sandbox.hpp"
#include "core/runtime/service_manager.hpp"
#include "core/runtime/signals.hpp"
#include "core/runtime/task.hpp"
#include "probe/daemon/measurements.hpp"
#include "probe/daemon/metrics_text.hpp"
#include "probe/daemon/version.hpp"
#include "probe/deliver/uplink.hpp"
#include "probe/trace/trace_service.hpp"

namespace isthmus::probe {
namespace {

using namespace std::chrono_literals;
using namespace net::experimental::awaitable_operators;

/// Results wait so long for others before they are written and sent.
constexpr auto kGather = 500ms;
constexpr auto kSaveCursors = 1s;
constexpr auto kTracesEnd = 1s;     ///< after a stop, for what is under way
constexpr auto kLastDelivery = 2s;  ///< after that, for the collectors
/// Up to this rate a small ring holds more than a second of replies.
constexpr double kSmallRate = 2'000;
constexpr int kSmallRing = 2 << 20;
constexpr int kLargeRing = 8 << 20;
constexpr std::size_t kSubmitted = 256;  ///< traces with the engine at once

Duration monotonic() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

Clocks clocks() {
  return {.wall = std::chrono::floor<Duration>(std::chrono::system_clock::now()),
          .monotonic = monotonic()};
}

std::uint64_t random_number() {
  std::random_device source;
  return std::uint64_t{source()} << 32 | source();
}

/// Something that coroutines of one thread wait for.
class Notice {
 public:
  explicit Notice(net::io_context& io) : timer_{io} {}

  void give() { timer_.cancel(); }
  /// Returns when it is given, or the time has come; whoever waits looks for himself.
  Task<> wait_until(std::chrono::steady_clock::time_point end) {
    timer_.expires_at(end);
    co_await timer_.async_wait(kAsTuple);
  }

 private:
  net::steady_timer timer_;
};

class ProbeDaemon final : public Daemon {
 public:
  ProbeDaemon(ProbeSettings settings, std::string config_file)
      : settings_{std::move(settings)},
        config_file_{std::move(config_file)},
        measurements_{random_number(), std::string{kSoftware}},
        schedule_{settings_.bounds, DestinationFilter{settings_.filter}, random_number()},
        signals_{io_.get_executor()},
        work_{io_},
        results_{io_},
        stored_{io_},
        idle_{io_} {}

  Result<void> prepare() {
    NetworkOptions network{.rate = settings_.bounds.rate,
                           .source_v4 = settings_.source_v4,
                           .source_v6 = settings_.source_v6};
    network.capture.interface = settings_.interface;
    network.capture.ring_bytes = settings_.bounds.rate <= kSmallRate ? kSmallRing : kLargeRing;
    network.vantage = {.plane = Plane::Data,
                       .address = settings_.address.value_or(IpAddress{}),
                       .asn = settings_.asn};
    auto service = TraceService::open(io_, std::move(network));
    if (!service) {
      return unexpected{service.error()};
    }
    service_ = std::move(*service);
    std::vector<std::string> names;
    for (const CollectorSettings& each : settings_.collectors) {
      names.push_back(each.name);
    }
    auto spool = Spool::open({.folder = settings_.state_folder + "/spool",
                              .max_bytes = settings_.spool_bytes,
                              .max_age = settings_.spool_age},
                             names, clocks());
    if (!spool) {
      return unexpected{spool.error()};
    }
    spool_ = std::move(*spool);
    plans_.resize(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      add_uplink(i);
    }
    return listen();
  }

  int run() override {
    const auto dropped = drop_capabilities();
    const auto confined =
        confine({SandboxRoom::Datagrams, SandboxRoom::Connections, SandboxRoom::Files,
                 SandboxRoom::Threads, SandboxRoom::Libraries});
    for (const auto* each : {&dropped, &confined}) {
      if (!*each) {
        log_error("rights cannot be given up", {{"error", each->error().message}});
        return 1;
      }
    }
    for (const std::unique_ptr<Uplink>& each : uplinks_) {
      each->load_last_plan();
    }
    notify_service_manager("READY=1");
    log_info("started", {{"version", kVersion},
                         {"collectors", uplinks_.size()},
                         {"spooled", spool_->range().size()},
                         {"web_port", server_ ? server_->ports().front() : std::uint16_t{0}},
                         {"confined", *confined}});
    net::co_spawn(io_, work(), [](const std::exception_ptr& error) {
      if (error) {
        std::rethrow_exception(error);
      }
    });
    io_.run();
    return finish();
  }

 private:
  void add_uplink(std::size_t index) {
    const CollectorSettings& collector = settings_.collectors[index];
    UplinkOptions options{.name = collector.name,
                          .server = collector.url,
                          .folder = settings_.state_folder + "/" + collector.name,
                          .software = std::string{kSoftware}};
    Uplink::Hooks hooks{
        .clocks = clocks,
        .on_plan = [this, index](const PlanMessage& plan) { take_plan(index, plan); },
        .on_stored = [this] { stored_.give(); }};
    uplinks_.push_back(std::make_unique<Uplink>(io_.get_executor(), std::move(options), *spool_,
                                                index, std::move(hooks)));
  }

  Result<void> listen() {
    if (settings_.listen.empty()) {
      return {};
    }
    auto address = ListenAddress::parse(settings_.listen);
    if (!address) {
      return unexpected{address.error()};
    }
    const auto answer = [](std::string text) -> Task<HttpResponse> {
      co_return text_response(200, std::move(text));
    };
    router_.add("GET", "/-/healthy", [answer](HttpRequest) { return answer("healthy\n"); });
    router_.add("GET", "/-/ready", [this](HttpRequest) { return ready(); });
    router_.add("GET", "/metrics", [this, answer](HttpRequest) { return answer(metrics()); });
    router_.add("POST", "/-/reload", [this](HttpRequest) { return reload_by_request(); });
    HttpServerOptions options{.name = "web"};
    options.listen.push_back(*address);
    options.limits.connections = 64;
    server_ = std::make_unique<HttpServer>(
        io_.get_executor(), std::move(options),
        [this](HttpRequest request) { return router_.handle(std::move(request)); });
    return server_->listen();
  }

  Task<HttpResponse> ready() {
    if (schedule_.destinations() == 0) {
      co_return text_response(503, "there is no plan yet\n");
    }
    co_return text_response(200, "ready\n");
  }

  Task<HttpResponse> reload_by_request() {
    if (const auto error = reload(); !error.empty()) {
      co_return text_response(500, error + "\n");
    }
    co_return text_response(200, "reloaded\n");
  }

  std::string metrics() const {
    MetricsInput input{.plan = schedule_.counters(),
                       .destinations = schedule_.destinations(),
                       .traceroutes = measurements_.count(),
                       .trace = service_->counters(),
                       .spool = spool_->counters(),
                       .spool_disk_bytes = spool_->disk_bytes(),
                       .spool_memory_bytes = spool_->memory_bytes(),
                       .spool_writable = spool_->last_error().empty()};
    for (std::size_t i = 0; i < uplinks_.size(); ++i) {
      input.collectors.push_back(
          {settings_.collectors[i].name, uplinks_[i]->status(), spool_->owed(i)});
    }
    return metrics_text(input);
  }

  void take_plan(std::size_t index, const PlanMessage& plan) {
    plans_[index] = plan;
    // Sweeps and single traces only of the plan that came: others were taken when theirs came.
    PlanMessage merged{.sweeps = plan.sweeps, .traces = plan.traces, .limits = plan.limits};
    for (const PlanMessage& each : plans_) {
      merged.targets.insert(merged.targets.end(), each.targets.begin(), each.targets.end());
      const auto lower = [](double left, double right) {
        return left > 0 && right > 0 ? std::min(left, right) : std::max(left, right);
      };
      merged.limits.rate = lower(merged.limits.rate, each.limits.rate);
      merged.limits.destination_rate =
          lower(merged.limits.destination_rate, each.limits.destination_rate);
    }
    const Clocks now = clocks();
    const Duration offset = uplinks_[index]->status().clock_offset.value_or(Duration{0});
    schedule_.set_plan(merged, now.wall + offset, now.monotonic);
    service_->set_rate(schedule_.limits().rate);
    log_info("plan taken", {{"collector", settings_.collectors[index].name},
                            {"destinations", schedule_.destinations()},
                            {"sweeps", plan.sweeps.size()},
                            {"traces", plan.traces.size()}});
    work_.give();
  }

  void begin(const TraceOrder& order) {
    TraceRequest request{.destination = order.destination,
                         .method = order.method,
                         .trace = settings_.trace,
                         .urgent = order.request != 0};
    request.trace.max_ttl = order.max_ttl;
    request.trace.flow = order.flow;
    request.trace.destination_rate = 0;  // the schedule keeps to it over many traces
    const TraceId id = service_->submit(
        request,
        [this](TraceId done, std::vector<Traceroute> traces) { ended(done, std::move(traces)); });
    under_way_.emplace(static_cast<std::uint64_t>(id), order);
  }

  void ended(TraceId id, std::vector<Traceroute> traces) {
    const auto found = under_way_.find(static_cast<std::uint64_t>(id));
    if (found == under_way_.end()) {
      return;
    }
    const TraceOrder order = found->second;
    under_way_.erase(found);
    std::uint32_t packets = 0;
    for (Traceroute& trace : traces) {
      for (const Hop& hop : trace.hops) {
        packets += hop.sent;
      }
      measurements_.add(std::move(trace), order.request);
    }
    schedule_.finished(order, packets);
    if (order.request != 0) {
      hurry_ = true;
    }
    results_.give();
    work_.give();
    if (under_way_.empty()) {
      idle_.give();
    }
  }

  /// Begins traces as the schedule wants them.
  Task<> measure() {
    while (true) {
      while (!stopping_ && under_way_.size() < kSubmitted) {
        const auto order = schedule_.next(monotonic());
        if (!order) {
          break;
        }
        begin(*order);
      }
      const auto next = schedule_.next_time(monotonic());
      const bool full = stopping_ || under_way_.size() >= kSubmitted;
      const Duration at = next && !full ? std::max(*next, monotonic() + Duration{1'000})
                                        : monotonic() + Duration{60'000'000};
      const std::chrono::steady_clock::time_point end{at};
      co_await work_.wait_until(end);
    }
  }

  /// Writes what has been measured to the spool.
  void keep() {
    const Clocks now = clocks();
    if (!measurements_.empty()) {
      spool_->append(measurements_.take(), now);
    }
    const bool was_well = writable_;
    writable_ = spool_->flush(now);
    if (was_well && !writable_) {
      log_error("the spool cannot be written to; results wait in memory",
                {{"error", spool_->last_error()}});
    } else if (!was_well && writable_) {
      log_info("the spool can be written to again");
    }
    for (const std::unique_ptr<Uplink>& each : uplinks_) {
      each->wake();
    }
  }

  Task<> keep_results() {
    auto saved = std::chrono::steady_clock::now();
    while (true) {
      co_await results_.wait_until(std::chrono::steady_clock::now() + kSaveCursors);
      if (!measurements_.empty() && !std::exchange(hurry_, false)) {
        co_await sleep_for(kGather);
      }
      if (!measurements_.empty() || spool_->memory_bytes() > 0) {
        keep();
      }
      if (std::chrono::steady_clock::now() - saved >= kSaveCursors) {
        saved = std::chrono::steady_clock::now();
        spool_->save_cursors();
      }
    }
  }

  Task<> watchdog() {
    const auto interval = watchdog_interval();
    while (interval) {
      notify_service_manager("WATCHDOG=1");
      co_await sleep_for(*interval / 2);
    }
  }

  /// All uplinks from one on, at the same time.
  Task<> deliver_from(std::size_t index) {
    if (index + 1 == uplinks_.size()) {
      co_await uplinks_[index]->run();
    } else {
      co_await (uplinks_[index]->run() && deliver_from(index + 1));
    }
  }

  Task<> serve() {
    if (server_) {
      co_await server_->run();
    }
  }

  Task<> everything() {
    co_await (measure() && keep_results() && watchdog() && deliver_from(0) && serve());
  }

  Task<> until_stopped() {
    while (co_await signals_.next() == Signal::Reload) {
      notify_service_manager("RELOADING=1");
      static_cast<void>(reload());
      notify_service_manager("READY=1");
    }
    notify_service_manager("STOPPING=1");
    log_info("stopping");
    stopping_ = true;
    service_->cancel_all();
    const auto traces_end = std::chrono::steady_clock::now() + kTracesEnd;
    while (!under_way_.empty() && std::chrono::steady_clock::now() < traces_end) {
      co_await idle_.wait_until(traces_end);
    }
    keep();
    const auto last_delivery = std::chrono::steady_clock::now() + kLastDelivery;
    while (!is_delivered() && std::chrono::steady_clock::now() < last_delivery) {
      co_await stored_.wait_until(last_delivery);
    }
    if (server_) {
      server_->stop(0ms);
    }
  }

  [[nodiscard]] bool is_delivered() const {
    return std::all_of(uplinks_.begin(), uplinks_.end(),
                       [](const std::unique_ptr<Uplink>& each) { return each->is_done(); });
  }

  Task<> work() {
    // An exception of anything ends all: the service manager starts us anew.
    co_await ends_before(everything(), until_stopped());
    io_.stop();
  }

  int finish() {
    spool_->save_cursors();
    if (!is_delivered() && spool_->memory_bytes() > 0) {
      log_error("measurements are lost: the spool could not be written to",
                {{"bytes", spool_->memory_bytes()}, {"error", spool_->last_error()}});
      return 1;
    }
    log_info("stopped", {{"spooled", spool_->range().size()}});
    return 0;
  }

  /// Takes what can be changed while running; returns what is wrong with the file.
  std::string reload() {
    auto fresh = load_settings(config_file_);
    if (!fresh) {
      log_error("the configuration is refused; the old one stays",
                {{"error", fresh.error().message}});
      return fresh.error().message;
    }
    settings_.bounds = fresh->bounds;
    settings_.filter = fresh->filter;
    settings_.trace = fresh->trace;
    configure_log(fresh->log_level, fresh->log_format);
    schedule_.set_bounds(settings_.bounds, DestinationFilter{settings_.filter}, monotonic());
    service_->set_rate(schedule_.limits().rate);
    for (const std::unique_ptr<Uplink>& each : uplinks_) {
      each->reload_credentials();
    }
    work_.give();
    log_info(
        "configuration reloaded",
        {{"note", "limits, destinations, trace and log are taken; the rest at the next start"}});
    return {};
  }

  net::io_context io_{1};
  ProbeSettings settings_;
  std::string config_file_;
  Measurements measurements_;
  Schedule schedule_;
  std::unique_ptr<TraceService> service_;
  std::unique_ptr<Spool> spool_;
  std::vector<std::unique_ptr<Uplink>> uplinks_;
  std::vector<PlanMessage> plans_;  ///< of each collector, the last
  HttpRouter router_;
  std::unique_ptr<HttpServer> server_;
  Signals signals_;
  Notice work_;     ///< the schedule may have something
  Notice results_;  ///< traces have ended
  Notice stored_;   ///< a collector has stored something
  Notice idle_;     ///< no trace is under way
  std::unordered_map<std::uint64_t, TraceOrder> under_way_;
  bool hurry_ = false;
  bool stopping_ = false;
  bool writable_ = true;
};

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::open(ProbeSettings settings, std::string config_file) {
  configure_log(settings.log_level, settings.log_format);
  auto daemon = std::make_unique<ProbeDaemon>(std::move(settings), std::move(config_file));
  if (auto prepared = daemon->prepare(); !prepared) {
    return unexpected{prepared.error()};
  }
  return daemon;
}

}  // namespace isthmus::probe
