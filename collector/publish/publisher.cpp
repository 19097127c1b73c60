#include "collector/publish/publisher.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include "core/runtime/log.hpp"

namespace isthmus::collector {
namespace {

/// How often the files of the web configuration are looked at while nobody asks for anything.
constexpr std::chrono::seconds kLook{2};
/// Events of this long before the last one that the queue of alerts has seen are looked at again
/// after a start: they may have been stored, and not handed over.
constexpr Duration kOverlap = std::chrono::hours{1};

}  // namespace

struct Publisher::Impl {
  Impl(const net::any_io_executor& io, PublisherOptions given,
       std::unique_ptr<SelfMetrics> own_metrics, std::unique_ptr<WebAccess> opened_access,
       std::unique_ptr<HistoryPool> opened_history, std::unique_ptr<AlertSender> opened_alerts)
      : executor{io},
        options{std::move(given)},
        metrics_owner{std::move(own_metrics)},
        access{std::move(opened_access)},
        history{std::move(opened_history)},
        alerts{std::move(opened_alerts)},
        events{metrics, history.get()},
        page{metrics, options.limits},
        site{{.snapshot = current,
              .metrics = metrics,
              .metrics_page = page,
              .events = events,
              .access = *access,
              .history = history.get(),
              .alerts = alerts.get(),
              .configuration = options.configuration}},
        look{io} {
    state.build = options.build;
    state.started = options.now();
    state.last_reload = state.started;
    state.describe_others = options.describe;
  }

  void swap();
  void hand_over();
  void catch_up();

  net::any_io_executor executor;
  PublisherOptions options;
  std::unique_ptr<SelfMetrics> metrics_owner;  ///< the sender of alerts has it already
  SelfMetrics& metrics = *metrics_owner;
  CurrentSnapshot current;
  std::unique_ptr<WebAccess> access;
  std::unique_ptr<HistoryPool> history;  ///< null: none is kept
  std::unique_ptr<AlertSender> alerts;   ///< null: nobody is to be told
  EventStream events;
  MetricsPage page;
  WebSite site;
  Snapshot state;             ///< what the next snapshot is a copy of
  std::vector<Event> untold;  ///< events that the queue of alerts could not take yet
  net::steady_timer look;
  bool stopping = false;
};

/// Puts a copy of the state in force.
void Publisher::Impl::swap() {
  ++state.generation;
  for (const TargetStatus& target : state.targets) {
    for (const UpstreamStatus& upstream : target.upstreams) {
      if (options.describe && !state.ases.contains(upstream.asn)) {
        state.ases.emplace(upstream.asn, options.describe(upstream.asn));
      }
    }
  }
  current.set(std::make_shared<const Snapshot>(state));
  events.tell_snapshot(state.generation, state.time);
}

/// Gives the queue of alerts what it has not taken yet. A disk that is full now may not be later.
void Publisher::Impl::hand_over() {
  if (!alerts || untold.empty()) {
    untold.clear();
    return;
  }
  if (const auto accepted = alerts->accept(untold); accepted) {
    untold.clear();
  } else {
    log_error("alerts cannot be queued; they are tried again",
              {{"events", untold.size()}, {"error", accepted.error().message}});
  }
}

/// Hands the queue of alerts what was stored before the program ended, and not handed over. A queue
/// that has never seen an event begins with the next one: old news is no alert.
void Publisher::Impl::catch_up() {
  const auto last = alerts->queue().last_event();
  if (!last || !*last) {
    return;
  }
  const auto reader = open_sqlite_history_to_read(options.history_folder);
  if (!reader) {
    return;  // there is none yet
  }
  HistoryFilter filter;
  filter.from = **last - kOverlap;
  const auto read = (*reader)->events(filter, [&](const Event& event) {
    untold.push_back(event);
    return true;
  });
  if (!read) {
    log_error("the events before the start cannot be read", {{"error", read.error().message}});
  }
  hand_over();
}

Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Publisher::~Publisher() = default;

Result<std::unique_ptr<Publisher>> Publisher::open(const net::any_io_executor& executor,
                                                   PublisherOptions options) {
  auto access = WebAccess::make(options.web_config_file);
  if (!access) {
    return unexpected{access.error()};
  }
  const std::string folder = options.history_folder;
  std::unique_ptr<HistoryPool> history;
  std::unique_ptr<AlertSender> alerts;
  if (!folder.empty()) {
    history =
        std::make_unique<HistoryPool>([folder] { return open_sqlite_history_to_read(folder); });
  }
  auto metrics = std::make_unique<SelfMetrics>();
  if (!options.alerts.receivers.empty()) {
    if (folder.empty()) {
      return fail("alerts need history.folder: what has to be told waits there");
    }
    std::error_code ignored;  // opening the queue tells
    std::filesystem::create_directories(folder, ignored);
    options.alerts.queue_file = (std::filesystem::path{folder} / "alerts.db").string();
    auto sender = AlertSender::make(executor, options.alerts, *metrics, options.now);
    if (!sender) {
      return unexpected{sender.error()};
    }
    alerts = std::move(*sender);
  }
  auto impl = std::make_unique<Impl>(executor, std::move(options), std::move(metrics),
                                     std::move(*access), std::move(history), std::move(alerts));
  if (impl->alerts) {
    impl->catch_up();
  }
  return std::unique_ptr<Publisher>{new Publisher{std::move(impl)}};
}

void Publisher::publish(Publication publication) {
  Snapshot& state = impl_->state;
  state.time = std::max(state.time, publication.time);
  const auto take = [](auto& place, auto& given) {
    if (given) {
      place = std::move(*given);
    }
  };
  take(state.targets, publication.targets);
  take(state.counters, publication.counters);
  take(state.feeds, publication.feeds);
  take(state.probes, publication.probes);
  take(state.tables, publication.tables);
  take(state.queues, publication.queues);
  for (const Event& event : publication.events) {
    state.events.add(event);
  }
  impl_->swap();
  impl_->events.tell(publication.events);
  impl_->untold.insert(impl_->untold.end(), std::make_move_iterator(publication.events.begin()),
                       std::make_move_iterator(publication.events.end()));
  impl_->hand_over();
}

void Publisher::note_reload(bool good) {
  impl_->state.last_reload_good = good;
  if (good) {
    impl_->state.last_reload = impl_->options.now();
    impl_->state.ases.clear();  // the tables may name them otherwise now
  }
  impl_->swap();
}

WebSite& Publisher::site() {
  return impl_->site;
}

Result<std::optional<TlsContext>> Publisher::tls() const {
  auto options = tls_options(impl_->access->config());
  if (!options) {
    return unexpected{options.error()};
  }
  if (!*options) {
    return std::optional<TlsContext>{};
  }
  auto context = TlsContext::server(std::move(**options));
  return context ? Result<std::optional<TlsContext>>{std::move(*context)}
                 : unexpected{context.error()};
}

Task<> Publisher::run(std::function<void(TlsContext)> use_tls) {
  co_await net::this_coro::throw_if_cancelled(false);
  bool alerting = impl_->alerts != nullptr;
  std::exception_ptr failure;
  const auto ended = [&](const std::exception_ptr& error) {
    alerting = false;
    failure = error;
    impl_->look.cancel();
  };
  if (alerting) {
    net::co_spawn(impl_->executor, impl_->alerts->run(), ended);
  }
  while (!impl_->stopping || alerting) {
    impl_->look.expires_after(kLook);
    co_await impl_->look.async_wait(kAsTuple);
    const auto cancelled = co_await net::this_coro::cancellation_state;
    if (cancelled.cancelled() != net::cancellation_type::none || failure) {
      stop();
    }
    if (!impl_->stopping && impl_->access->refresh()) {
      if (auto context = tls(); context && *context) {
        use_tls(std::move(**context));
      } else if (!context) {
        log_error("the keys of the web configuration cannot be used",
                  {{"error", context.error().message}});
      }
    }
    impl_->hand_over();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
}

void Publisher::stop() {
  impl_->stopping = true;
  impl_->events.close();
  if (impl_->alerts) {
    impl_->alerts->stop();
  }
  impl_->look.cancel();
}

}  // namespace isthmus::collector
