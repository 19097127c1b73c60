#include <algorithm>
#include <filesystem>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>

#include "collector/feed/archive_follower_impl.hpp"
#include "collector/feed/archive_lister.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {
namespace {

/// Files of one source that are fetched ahead of the sink.
constexpr std::size_t kAhead = 8;
/// The ledger remembers this much longer than a first start would look back.
constexpr Duration kMemory = std::chrono::days{7};
constexpr Duration kFirstRetry = std::chrono::seconds{5};

TimePoint wall_clock() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

bool is_url(const std::string& location) {
  return location.starts_with("http://") || location.starts_with("https://");
}

}  // namespace

Result<void> ArchiveFollower::Impl::prepare() {
  std::error_code error;
  std::filesystem::create_directories(options.folder, error);
  if (error) {
    return fail(options.folder + ": cannot be made: " + error.message());
  }
  Duration look_back{};
  for (const ArchiveSource& each : options.sources) {
    look_back = std::max(look_back, each.plan.look_back);
  }
  auto opened = ArchiveLedger::open(options.folder + "/ledger", wall_clock() - look_back - kMemory);
  if (!opened) {
    return unexpected{opened.error()};
  }
  ledger = std::move(*opened);
  for (const ArchiveSource& each : options.sources) {
    Follow source;
    source.settings = each;
    source.name = each.collector.empty() ? collector_name(each.location) : each.collector;
    source.room = std::make_unique<Wakeup>(executor);
    source.status.name = source.name;
    source.status.kind = FeedKind::Archive;
    if (is_url(each.location)) {
      const Result<Url> url = Url::parse(each.location);
      if (!url) {
        return unexpected{url.error()};
      }
      ArchiveFetcherOptions made;
      made.server = *url;
      made.tls = options.tls;
      made.folder = options.folder;
      made.piece_bytes = options.piece_bytes;
      made.limit = options.limit;
      source.fetcher = std::make_unique<ArchiveFetcher>(executor, std::move(made));
    } else if (!std::filesystem::is_directory(each.location, error)) {
      return fail(each.location + ": is no folder");
    }
    source.lister =
        std::make_unique<ArchiveLister>(each.location, each.layout, source.fetcher.get());
    sources.push_back(std::move(source));
  }
  return {};
}

void ArchiveFollower::Impl::spawn(Task<> task) {
  net::cancellation_signal& signal = running.emplace_back();
  net::co_spawn(executor, std::move(task),
                net::bind_cancellation_slot(
                    signal.slot(), [self = shared_from_this()](const std::exception_ptr& thrown) {
                      try {
                        if (thrown) {
                          std::rethrow_exception(thrown);
                        }
                      } catch (const boost::system::system_error& cancelled) {
                        if (cancelled.code() != net::error::operation_aborted) {
                          log_error("archive follower ended", {{"cause", cancelled.what()}});
                        }
                      }
                    }));
}

/// One source, for ever.
Task<> ArchiveFollower::Impl::follow(Follow& source) {
  for (;;) {
    source.is_looking = true;
    const bool good = co_await look(source);
    source.is_looking = false;
    news.announcer()();
    source.retry = good ? Duration{} : std::max(source.retry * 2, kFirstRetry);
    source.retry = std::min(source.retry, source.settings.interval);
    const Duration pause =
        good ? source.settings.interval : std::max(source.retry, std::exchange(source.wait, {}));
    co_await sleep_for(pause);
  }
}

/// False if something went wrong that may be better soon.
Task<bool> ArchiveFollower::Impl::look(Follow& source) {
  const TimePoint now = wall_clock();
  auto listed = co_await source.lister->list(now - source.settings.plan.look_back - kMemory, now);
  if (!listed) {
    note_trouble(source, listed.error());
    co_return false;
  }
  ArchivePlan plan = plan_archives(std::move(*listed), *ledger, now, source.settings.plan);
  if (plan.from_the_future > 0) {
    source.status.counters.skipped["future_archive"] = plan.from_the_future;
  }
  std::erase_if(plan.wanted, [&](const ListedArchive& each) {
    return std::any_of(ready.begin(), ready.end(), [&](const ReadyArchive& other) {
      return other.archive.location == each.location;
    });
  });
  if (source.status.state != FeedState::Live || plan.wanted.size() > 1) {
    const bool is_up_to_date = plan.wanted.empty() && source.ready == 0;
    source.status.state = is_up_to_date ? FeedState::Live : FeedState::CatchingUp;
  }
  for (std::size_t i = 0; i < plan.wanted.size(); ++i) {
    while (source.ready >= kAhead) {
      source.is_looking = false;
      news.announcer()();
      co_await source.room->wait();
      source.is_looking = true;
    }
    const bool fetched = co_await fetch(source, plan.wanted[i]);
    // What is behind it has to wait: routes would go back to what they were
    // before.
    if (!fetched && !gives_up(source, plan.wanted[i], i + 1 < plan.wanted.size())) {
      co_return false;
    }
  }
  source.status.detail.clear();
  co_return true;
}

/// Whether a file that cannot be had is passed over by now.
bool ArchiveFollower::Impl::gives_up(Follow& source, const ListedArchive& archive,
                                     bool others_wait) {
  if (std::exchange(source.failing, archive.location) != archive.location) {
    source.failing_since = wall_clock();
  }
  if (!others_wait || wall_clock() - source.failing_since < options.give_up) {
    return false;
  }
  ReadyArchive refused;
  refused.source = index(source);
  refused.archive = archive;
  refused.entry.start = archive.name.start;
  refuse(source, std::move(refused));
  return true;
}

/// Nothing of it is handed over, but it is done in its turn.
void ArchiveFollower::Impl::refuse(Follow& source, ReadyArchive archive) {
  ++source.status.counters.skipped["refused_archive"];
  archive.entry.fate = ArchiveFate::Refused;
  archive.entry.sha256.clear();
  ++source.ready;
  ready.push_back(std::move(archive));
  news.announcer()();
}

Task<bool> ArchiveFollower::Impl::fetch(Follow& source, ListedArchive archive) {
  ReadyArchive made;
  made.source = index(source);
  made.entry.start = archive.name.start;
  made.path = archive.location;
  if (source.fetcher) {
    const std::uint64_t before = source.fetcher->bytes();
    const auto fetched = co_await source.fetcher->fetch(Url::parse(archive.location)->target);
    source.status.counters.bytes += source.fetcher->bytes() - before;
    if (!fetched) {
      note_trouble(source, fetched.error());
      co_return false;
    }
    made.path = fetched->path;
    made.entry.bytes = fetched->bytes;
    made.entry.sha256 = fetched->sha256;
    made.is_ours = true;
  } else {
    made.entry.bytes = archive.bytes;
    source.status.counters.bytes += archive.bytes;
  }
  made.archive = std::move(archive);
  co_return co_await verify(source, std::move(made));
}

/// Reads a file through to its last record before anything is made of it.
Task<bool> ArchiveFollower::Impl::verify(Follow& source, ReadyArchive archive) {
  const ArchiveCheck check = co_await check_archive(archive.path, archive.archive.location);
  if (!check.damage.empty()) {
    const std::string& location = archive.archive.location;
    const std::string version =
        location + ' ' +
        (archive.is_ours ? archive.entry.sha256 : std::to_string(archive.entry.bytes));
    if (std::exchange(source.damaged, version) != version) {
      ++source.status.counters.skipped["damaged_archive"];
      note_trouble(source, {FetchTrouble::Kind::Invalid, check.damage, {}});
      if (archive.is_ours) {
        std::error_code ignored;
        std::filesystem::remove(archive.path, ignored);
      }
      co_return false;
    }
    archive.entry.fate = ArchiveFate::Damaged;
    log_warn("archive is damaged at its source",
             {{"archive", location}, {"cause", check.damage}, {"records", check.records}});
  }
  if (check.records == 0) {
    refuse(source, std::move(archive));
    co_return true;
  }
  ++source.ready;
  ready.push_back(std::move(archive));
  news.announcer()();
  co_return true;
}

void ArchiveFollower::Impl::note_trouble(Follow& source, const FetchTrouble& trouble) {
  if (source.status.state == FeedState::Stopped) {
    return;
  }
  source.status.state = trouble.kind == FetchTrouble::Kind::Refused ? FeedState::Refused
                        : source.status.state == FeedState::Waiting ? FeedState::Waiting
                                                                    : FeedState::Lost;
  source.wait = std::max(source.wait, trouble.wait);
  if (std::exchange(source.status.detail, trouble.message) != trouble.message) {
    log_warn("archive source", {{"feed", source.name}, {"cause", trouble.message}});
  }
}

ArchiveFollower::ArchiveFollower(const net::any_io_executor& executor,
                                 ArchiveFollowerOptions options, RouteSink& sink)
    : impl_{std::make_shared<Impl>(executor, std::move(options), sink)} {}

ArchiveFollower::~ArchiveFollower() {
  stop();
}

Result<void> ArchiveFollower::start() {
  if (Result<void> prepared = impl_->prepare(); !prepared) {
    return prepared;
  }
  for (Follow& source : impl_->sources) {
    impl_->spawn(impl_->follow(source));
  }
  impl_->spawn(impl_->hand_over());
  return {};
}

void ArchiveFollower::stop() {
  for (Follow& source : impl_->sources) {
    source.status.state = FeedState::Stopped;
    if (source.fetcher) {
      source.fetcher->disconnect();
    }
  }
  for (net::cancellation_signal& each : impl_->running) {
    each.emit(net::cancellation_type::terminal);
  }
}

std::vector<FeedStatus> ArchiveFollower::status(TimePoint now) const {
  std::vector<FeedStatus> found;
  for (const Follow& source : impl_->sources) {
    FeedStatus status = source.status;
    if (status.last_message) {
      status.lag = now - *status.last_message;
    }
    status.blind = status.state != FeedState::Live;
    found.push_back(std::move(status));
  }
  return found;
}

}  // namespace isthmus::collector
