#include "collector/daemon/daemon.hpp"

#include <sys/resource.h>

#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "collector/daemon/admin_api.hpp"
#include "collector/daemon/labels.hpp"
#include "collector/daemon/measuring_plan.hpp"
#include "collector/daemon/pipeline.hpp"
#include "collector/feed/probe_gateway.hpp"
#include "collector/publish/publisher.hpp"
#include "core/runtime/http_server.hpp"
#include "core/runtime/service_manager.hpp"
#include "core/runtime/signals.hpp"

namespace isthmus::collector {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// A thread that has shown no sign of life for so long is stuck.
constexpr std::chrono::seconds kStuck{30};
constexpr std::chrono::milliseconds kStopTime{4'000};
constexpr Duration kSweepUse = std::chrono::minutes{2};

TimePoint utc_now() {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

/// Thousands of probes hold a connection each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

/// Runs a function on another thread and waits for it as a coroutine.
template <typename T, typename Executor>
Task<T> run_on(const Executor& executor, std::function<T()> function) {
  const auto work = [](std::function<T()> its_function) -> Task<T> { co_return its_function(); };
  auto task = work(std::move(function));
  co_return co_await net::co_spawn(executor, std::move(task), net::use_awaitable);
}

/// The labeller in force; any thread.
class SharedLabeller {
 public:
  [[nodiscard]] std::shared_ptr<const Labeller> get() const {
    const std::scoped_lock lock{mutex_};
    return labeller_;
  }
  void set(std::shared_ptr<const Labeller> labeller) {
    const std::scoped_lock lock{mutex_};
    labeller_ = std::move(labeller);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Labeller> labeller_;
};

bool is_loopback(const IpAddress& address) {
  return address.is_v4() ? address.v4_value() >> 24U == 127
                         : address.high() == 0 && address.low() == 1;
}

class Daemon {
 public:
  Daemon(const DaemonOptions& options, Settings settings)
      : options_{options},
        settings_{std::move(settings)},
        signals_{ingest_.get_executor()} {}

  int run() {
    if (auto started = start(); !started) {
      log_error("the collector cannot run", {{"error", started.error().message}});
      return 3;
    }
    std::thread web_thread{[this] { web_.run(); }};
    ingest_.run();
    net::post(web_, [this] {
      publisher_->stop();
      web_server_->stop(500ms);
    });
    web_thread.join();
    pool_.join();
    log_info("stopped", {{"status", status_}});
    return status_;
  }

 private:
  Result<void> start() {
    raise_descriptor_limit();
    auto labeller = load_labels(settings_.labels);
    if (!labeller) {
      return unexpected{labeller.error()};
    }
    labeller_.set(std::move(*labeller));
    if (auto opened = open_pipeline(); !opened) {
      return opened;
    }
    if (!settings_.gateway.listen.empty()) {
      if (auto opened = open_gateway(); !opened) {
        return opened;
      }
    }
    if (auto opened = open_web(); !opened) {
      return opened;
    }
    pipeline_->start();
    for (const auto& feed : feeds_) {
      if (auto started = feed->start(); !started) {
        return started;
      }
    }
    spawn(ingest_, follow_signals());
    spawn(ingest_, keep_watch());
    return {};
  }

  template <typename Context>
  static void spawn(Context& context, Task<> task) {
    net::co_spawn(context, std::move(task), [](const std::exception_ptr& failure) {
      if (failure) {
        std::rethrow_exception(failure);
      }
    });
  }

  Result<void> open_pipeline() {
    PipelineOptions options;
    options.targets = settings_.targets;
    options.detector = settings_.detector;
    options.labeller = labeller_.get();
    options.folder = settings_.history_folder;
    options.archives = settings_.archives;
    options.live = !settings_.gateway.listen.empty() || !feeds_.empty();
    options.trace_retention = settings_.trace_retention;
    options.now = utc_now;
    options.committed = [this](Committed committed) {
      auto shared = std::make_shared<Committed>(std::move(committed));
      net::post(ingest_, [this, shared] { take_up(std::move(*shared)); });
    };
    auto opened = Pipeline::open(std::move(options));
    if (!opened) {
      return unexpected{opened.error()};
    }
    pipeline_ = std::move(*opened);
    return {};
  }

  Result<void> open_gateway() {
    GatewayHooks hooks;
    hooks.sink = pipeline_.get();
    hooks.now = utc_now;
    hooks.network_of = [this](const IpAddress& address) -> std::optional<Asn> {
      const auto labeller = labeller_.get();
      const Label label = labeller->label(address);
      return label.kind == LabelKind::As ? std::optional{label.origins.front()} : std::nullopt;
    };
    gateway_ = std::make_unique<ProbeGateway>(ingest_.get_executor(), settings_.gateway,
                                              HttpServerLimits{}, std::move(hooks));
    if (auto started = gateway_->start(); !started) {
      return started;
    }
    gateway_->set_plan(plan_of(settings_.targets, {}, settings_.detector.probe_interval));
    const auto listen = ListenAddress::parse(settings_.gateway.admin_listen);
    if (!listen) {
      return unexpected{listen.error()};
    }
    admin_ = std::make_unique<AdminApi>(ingest_.get_executor(), *gateway_, settings_.gateway.folder,
                                        *listen, utc_now);
    if (auto started = admin_->start(); !started) {
      return started;
    }
    spawn(ingest_, gateway_->run());
    spawn(ingest_, admin_->run());
    for (const std::uint16_t port : gateway_->ports()) {
      log_info("probes are awaited", {{"port", port}});
    }
    log_info("isthmusctl is awaited", {{"port", admin_->ports().front()}});
    return {};
  }

  Result<void> open_web() {
    PublisherOptions options;
    options.history_folder = settings_.history_folder;
    options.web_config_file = options_.web_config_file;
    options.alerts.receivers = settings_.publish.receivers;
    options.alerts.external_url = settings_.publish.external_url;
    options.limits.series = settings_.publish.max_series;
    options.limits.prefixes = settings_.publish.labelled_prefixes;
    options.build = {.version = ISTHMUS_VERSION, .revision = "unknown"};
    options.configuration = [text = to_toml(settings_)] { return text; };
    options.describe = [this](Asn asn) {
      const auto labeller = labeller_.get();
      AsDescription description{.name = std::string{labeller->as_name(asn)}};
      if (const auto country = labeller->country(asn)) {
        description.country = std::string{country->code};
        description.country_source = std::string{country->source};
      }
      return description;
    };
    options.now = utc_now;
    auto publisher = Publisher::open(web_.get_executor(), std::move(options));
    if (!publisher) {
      return unexpected{publisher.error()};
    }
    publisher_ = std::move(*publisher);
    HttpServerOptions web;
    web.name = "web";
    auto tls = publisher_->tls();
    if (!tls) {
      return unexpected{tls.error()};
    }
    web.tls = std::move(*tls);
    for (const std::string& text : options_.web_listen) {
      auto listen = ListenAddress::parse(text);
      if (!listen) {
        return unexpected{listen.error()};
      }
      web.listen.push_back(*listen);
    }
    add_health_routes();
    web_server_ = std::make_unique<HttpServer>(web_.get_executor(), std::move(web),
                                               publisher_->site().handler());
    if (auto listening = web_server_->listen(); !listening) {
      return listening;
    }
    spawn(web_, web_server_->run());
    spawn(web_, publisher_->run(
                    [this](TlsContext context) { web_server_->use_tls(std::move(context)); }));
    for (const std::uint16_t port : web_server_->ports()) {
      log_info("serving the web", {{"port", port}});
    }
    publish_tables();
    return {};
  }

  void add_health_routes() {
    const auto answer = [](unsigned status, std::string text) -> Task<HttpResponse> {
      co_return text_response(status, std::move(text));
    };
    WebSite& site = publisher_->site();
    site.add("GET", "/-/healthy", "healthy", WebSite::Gate::Open,
             [this, answer](const HttpRequest& /*request*/) {
               return is_alive() ? answer(200, "healthy\n") : answer(503, "a thread is stuck\n");
             });
    site.add("GET", "/-/ready", "ready", WebSite::Gate::Open,
             [this, answer](const HttpRequest& /*request*/) {
               const std::string reason = why_not_ready();
               return reason.empty() ? answer(200, "ready\n") : answer(503, reason + "\n");
             });
    // Whoever is on this host may reload, as with SIGHUP; others need the right to write.
    const bool guarded = !options_.web_config_file.empty();
    site.add("POST", "/-/reload", "reload", guarded ? WebSite::Gate::Write : WebSite::Gate::Open,
             [this, answer, guarded](const HttpRequest& request) {
               return guarded || is_loopback(request.peer_address)
                          ? reload_for_web()
                          : answer(403, "only from this host, or with --web.config.file\n");
             });
  }

  /// Hands the publisher something, on its thread.
  void publish(Publication publication) {
    auto shared = std::make_shared<Publication>(std::move(publication));
    net::post(web_, [this, shared] { publisher_->publish(std::move(*shared)); });
  }

  void publish_tables() {
    const auto labeller = labeller_.get();
    Publication publication;
    publication.tables.emplace();
    for (const NamedValue& version : labeller->versions()) {
      publication.tables->push_back({.source = version.name, .version = version.value});
    }
    publish(std::move(publication));
  }

  [[nodiscard]] bool is_alive() const {
    const auto now = SteadyClock::now();
    return now - pipeline_->alive() < kStuck &&
           now - SteadyClock::time_point{SteadyClock::duration{ingest_alive_.load()}} < kStuck;
  }

  [[nodiscard]] std::string why_not_ready() const {
    if (stopping_) {
      return "stopping";
    }
    if (!pipeline_->archives_done()) {
      return "archives are still being read";
    }
    const auto failure = pipeline_->failure();
    return failure ? "the history cannot be written: " + *failure : "";
  }

  /// What has been committed changes what probes are asked to do.
  void take_up(Committed committed) {
    for (const Event& event : committed.events) {
      log_info("event", {{"type", to_string(event.type)},
                         {"severity", to_string(event.severity)},
                         {"time", format_utc(event.time)},
                         {"target", event.target},
                         {"id", event.id},
                         {"summary", event.summary}});
    }
    tell(committed);
    if (!gateway_) {
      return;
    }
    if (committed.targets) {
      plan_ = plan_of(settings_.targets, *committed.targets, settings_.detector.probe_interval);
      gateway_->set_plan(plan_);
    }
    for (const SweepRequest& request : committed.sweeps) {
      PlanSweep sweep = sweep_of(request, ++last_sweep_, plan_);
      if (!sweep.destinations.empty()) {
        gateway_->sweep(std::move(sweep), std::max(request.at, utc_now()) + kSweepUse);
      }
    }
  }

  /// Gives the publisher what is new, with how feeds and probes are at this moment.
  void tell(Committed& committed) {
    Publication publication{.time = committed.time};
    if (committed.targets) {
      publication.targets = *committed.targets;
      publication.counters = committed.counters;
      publication.feeds.emplace();
      for (const auto& feed : feeds_) {
        auto status = feed->status(utc_now());
        std::move(status.begin(), status.end(), std::back_inserter(*publication.feeds));
      }
      if (gateway_) {
        publication.probes = gateway_->status();
      }
      publication.queues.emplace();
      for (const Pipeline::QueueLength& queue : pipeline_->queues()) {
        publication.queues->push_back({queue.name, queue.length, queue.capacity});
      }
    }
    publication.events = std::move(committed.events);
    publish(std::move(publication));
  }

  /// Takes up a changed configuration; an error says why the old one is kept.
  Task<Result<void>> reload() {
    struct Loaded {
      Settings settings;
      std::shared_ptr<const Labeller> labeller;
    };
    const std::function<Result<Loaded>()> load = [file = options_.config_file]() -> Result<Loaded> {
      auto settings = load_settings(file);
      if (!settings) {
        return unexpected{settings.error()};
      }
      auto labeller = load_labels(settings->labels);
      if (!labeller) {
        return unexpected{labeller.error()};
      }
      return Loaded{std::move(*settings), std::move(*labeller)};
    };
    notify_service_manager("RELOADING=1");
    auto loaded = co_await run_on(pool_.get_executor(), load);
    notify_service_manager("READY=1");
    if (!loaded) {
      log_error("the configuration is refused; the old one is kept",
                {{"error", loaded.error().message}});
      note_reload(false);
      co_return unexpected{loaded.error()};
    }
    Settings& next = loaded->settings;
    if (next.gateway != settings_.gateway || next.history_folder != settings_.history_folder ||
        next.archives != settings_.archives) {
      log_warn("changes of [gateway], [history] and [feeds] count after a restart");
    }
    next.gateway = settings_.gateway;
    next.history_folder = settings_.history_folder;
    next.archives = settings_.archives;
    settings_ = std::move(next);
    labeller_.set(std::move(loaded->labeller));
    const std::function<bool()> hand_over = [this, targets = settings_.targets,
                                             detector = settings_.detector,
                                             labeller = labeller_.get()] {
      pipeline_->use(targets, detector, labeller);
      return true;
    };
    co_await run_on(pool_.get_executor(), hand_over);
    if (gateway_) {
      gateway_->set_plan(plan_of(settings_.targets, {}, settings_.detector.probe_interval));
    }
    note_reload(true);
    publish_tables();
    log_info("the configuration was read again", {{"file", options_.config_file}});
    co_return Result<void>{};
  }

  void note_reload(bool good) {
    net::post(web_, [this, good] { publisher_->note_reload(good); });
  }

  Task<HttpResponse> reload_for_web() {
    auto work = reload();
    const auto done = co_await net::co_spawn(ingest_, std::move(work), net::use_awaitable);
    co_return done ? text_response(200, "the configuration was read again\n")
                   : text_response(500, done.error().message + "\n");
  }

  Task<> follow_signals() {
    notify_service_manager("READY=1");
    while (!stopping_) {
      const Signal signal = co_await signals_.next();
      if (signal == Signal::Reload) {
        const auto done = co_await reload();
        static_cast<void>(done);
      } else {
        co_await stop();
      }
    }
  }

  /// Takes in nothing more, commits what was taken in, answers those who wait for it, and ends.
  Task<> stop() {
    log_info("stopping");
    notify_service_manager("STOPPING=1");
    stopping_ = true;
    if (gateway_) {
      gateway_->stop(kStopTime);
      admin_->stop();
    }
    for (const auto& feed : feeds_) {
      feed->stop();
    }
    const std::function<bool()> drain = [this] {
      return pipeline_->stop(SteadyClock::now() + kStopTime);
    };
    const bool all_stored = co_await run_on(pool_.get_executor(), drain);
    if (!all_stored) {
      log_error("not everything could be stored; probes keep what they measured");
      status_ = 1;
    }
  }

  /// Shows that this thread lives, and tells the service manager while all of them do.
  Task<> keep_watch() {
    const auto watchdog = watchdog_interval();
    const std::chrono::nanoseconds pause =
        watchdog ? std::min<std::chrono::nanoseconds>(*watchdog / 2, 1s) : 1s;
    while (!stopping_) {
      ingest_alive_ = SteadyClock::now().time_since_epoch().count();
      if (watchdog && is_alive()) {
        notify_service_manager("WATCHDOG=1");
      }
      co_await sleep_for(pause);
    }
  }

  DaemonOptions options_;
  Settings settings_;
  SharedLabeller labeller_;
  net::io_context ingest_{1};
  net::io_context web_{1};
  net::thread_pool pool_{1};
  Signals signals_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<ProbeGateway> gateway_;
  std::unique_ptr<AdminApi> admin_;
  std::vector<std::unique_ptr<LiveFeed>> feeds_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<HttpServer> web_server_;
  PlanMessage plan_;
  std::uint64_t last_sweep_ = static_cast<std::uint64_t>(utc_now().time_since_epoch().count());
  std::atomic<SteadyClock::rep> ingest_alive_ = SteadyClock::now().time_since_epoch().count();
  std::atomic<bool> stopping_ = false;
  int status_ = 0;
};

}  // namespace

int run_daemon(const DaemonOptions& options, Settings settings) {
  Daemon daemon{options, std::move(settings)};
  return daemon.run();
}

}  // namespace isthmus::collector
