#include "collector/daemon/daemon.hpp"

#include <sys/resource.h>

#include <atomic>
#include <thread>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "collector/daemon/blind_feeds.hpp"
#include "collector/daemon/labels.hpp"
#include "collector/daemon/live_feeds.hpp"
#include "collector/daemon/pipeline.hpp"
#include "collector/daemon/probe_side.hpp"
#include "collector/daemon/runtime.hpp"
#include "collector/daemon/shared_labeller.hpp"
#include "collector/daemon/web_side.hpp"
#include "collector/detect/blindness.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/service_manager.hpp"
#include "core/runtime/signals.hpp"

namespace isthmus::collector {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

/// A thread that has shown no sign of life for so long is stuck.
constexpr std::chrono::seconds kStuck{30};
constexpr std::chrono::milliseconds kStopTime{4'000};
/// Of it, for what live feeds have read already.
constexpr std::chrono::milliseconds kSettleTime{1'000};

/// Thousands of probes and routers hold a connection each.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
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
    web_side_->stop();
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
      auto probes = ProbeSide::open(ingest_, settings_, *pipeline_, labeller_);
      if (!probes) {
        return unexpected{probes.error()};
      }
      probes_ = std::move(*probes);
    }
    auto web = WebSide::open(web_, options_, settings_, labeller_, web_hooks());
    if (!web) {
      return unexpected{web.error()};
    }
    web_side_ = std::move(*web);
    LiveFeeds::Options feeds{.now = utc_now};
    if (!settings_.history_folder.empty()) {
      feeds.folder = settings_.history_folder + "/feeds";
    }
    feeds_ = std::make_unique<LiveFeeds>(ingest_.get_executor(), settings_.feeds, settings_.targets,
                                         *pipeline_, std::move(feeds));
    if (auto started = feeds_->start(); !started) {
      return started;
    }
    pipeline_->start();
    spawn_service(ingest_, feeds_->run());
    spawn_service(ingest_, follow_signals());
    spawn_service(ingest_, keep_watch());
    return {};
  }

  Result<void> open_pipeline() {
    PipelineOptions options;
    options.targets = settings_.targets;
    options.detector = settings_.detector;
    options.labeller = labeller_.get();
    options.folder = settings_.history_folder;
    options.archives = settings_.archives;
    options.live = is_live(settings_);
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

  /// Whether input comes that goes on for ever.
  static bool is_live(const Settings& settings) {
    return !settings.gateway.listen.empty() || settings.feeds.any();
  }

  WebHooks web_hooks() {
    return {.is_alive = [this] { return is_alive(); },
            .why_not_ready = [this] { return why_not_ready(); },
            .reload = [this] { return reload_for_web(); }};
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

  void take_up(Committed committed) {
    for (const Event& event : committed.events) {
      log_info("event", {{"type", to_string(event.type)},
                         {"severity", to_string(event.severity)},
                         {"time", format_utc(event.time)},
                         {"target", event.target},
                         {"id", event.id},
                         {"summary", event.summary}});
    }
    if (probes_) {
      probes_->follow(settings_, committed);
    }
    tell(std::move(committed));
  }

  /// Gives the publisher what is new, with how feeds and probes are at this moment.
  void tell(Committed committed) {
    Publication publication{.time = committed.time};
    if (committed.targets) {
      publication.feeds = feeds_->status(utc_now());
      publication.targets = std::move(*committed.targets);
      discount_blindness(*publication.targets, seeing_part(*publication.feeds));
      publication.counters = committed.counters;
      if (probes_) {
        publication.probes = probes_->status();
      }
      publication.queues.emplace();
      for (const Pipeline::QueueLength& queue : pipeline_->queues()) {
        publication.queues->push_back({queue.name, queue.length, queue.capacity});
      }
    }
    publication.events = std::move(committed.events);
    web_side_->publish(std::move(publication));
  }

  struct Loaded {
    Settings settings;
    std::shared_ptr<const Labeller> labeller;
  };
  static Result<Loaded> load(const std::string& file) {
    auto settings = load_settings(file);
    if (!settings) {
      return unexpected{settings.error()};
    }
    auto labeller = load_labels(settings->labels);
    if (!labeller) {
      return unexpected{labeller.error()};
    }
    return Loaded{std::move(*settings), std::move(*labeller)};
  }

  /// Takes up a changed configuration; an error says why the old one is kept.
  Task<Result<void>> reload() {
    notify_service_manager("RELOADING=1");
    const std::function<Result<Loaded>()> reading = [file = options_.config_file] {
      return load(file);
    };
    auto loaded = co_await run_on(pool_.get_executor(), reading);
    Result<void> done;
    if (!loaded) {
      done = unexpected{loaded.error()};
    } else {
      done = co_await take_up_settings(std::move(*loaded));
    }
    notify_service_manager("READY=1");
    web_side_->note_reload(done.has_value());
    if (!done) {
      log_error("the configuration is refused; the old one is kept",
                {{"error", done.error().message}});
    } else {
      log_info("the configuration was read again", {{"file", options_.config_file}});
    }
    co_return done;
  }

  Task<Result<void>> take_up_settings(Loaded loaded) {
    keep_what_needs_a_restart(loaded.settings);
    auto followed = co_await feeds_->use(loaded.settings.feeds, loaded.settings.targets);
    if (!followed) {
      co_return followed;
    }
    settings_ = std::move(loaded.settings);
    labeller_.set(std::move(loaded.labeller));
    const std::function<bool()> hand_over = [this, targets = settings_.targets,
                                             detector = settings_.detector,
                                             labeller = labeller_.get()] {
      pipeline_->use(targets, detector, labeller);
      return true;
    };
    co_await run_on(pool_.get_executor(), hand_over);
    if (probes_) {
      probes_->use(settings_);
    }
    web_side_->publish_tables(*labeller_.get());
    co_return Result<void>{};
  }

  void keep_what_needs_a_restart(Settings& next) const {
    if (next.gateway != settings_.gateway || next.history_folder != settings_.history_folder ||
        next.archives != settings_.archives) {
      log_warn("changes of [gateway], [history] and feeds.archives count after a restart");
    }
    next.gateway = settings_.gateway;
    next.history_folder = settings_.history_folder;
    next.archives = settings_.archives;
    if (is_live(next) != is_live(settings_)) {
      // Without live input the end of the archives is the end of all, and it has been told.
      log_warn("the first live feed, and the end of the last one, count after a restart");
      next.feeds = settings_.feeds;
    }
  }

  Task<Result<void>> reload_for_web() {
    auto work = reload();
    co_return co_await net::co_spawn(ingest_, std::move(work), net::use_awaitable);
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
    const auto deadline = SteadyClock::now() + kStopTime;
    if (probes_) {
      probes_->stop(kStopTime);
    }
    co_await feeds_->stop(kSettleTime);
    const std::function<bool()> drain = [this, deadline] { return pipeline_->stop(deadline); };
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
  std::unique_ptr<ProbeSide> probes_;
  std::unique_ptr<LiveFeeds> feeds_;
  std::unique_ptr<WebSide> web_side_;
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
