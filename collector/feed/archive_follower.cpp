#include "collector/feed/archive_follower.hpp"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <tuple>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include "collector/feed/archive_lister.hpp"
#include "collector/feed/merged_source.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {
namespace {

/// Files of one source that are fetched ahead of the sink, and files that are
/// merged at once.
constexpr std::size_t kAhead = 8;
constexpr std::size_t kAtOnce = 16;
constexpr std::size_t kBatch = 1024;
/// The ledger remembers this much longer than a first start would look back.
constexpr Duration kMemory = std::chrono::days{7};
constexpr Duration kFirstRetry = std::chrono::seconds{5};

TimePoint wall_clock() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

bool is_url(const std::string& location) {
  return location.starts_with("http://") || location.starts_with("https://");
}

/// A file that can be handed over.
struct ReadyArchive {
  std::size_t source = 0;
  ListedArchive archive;
  std::string path;
  ArchiveEntry entry;
  bool is_ours = false;  ///< to be removed afterwards
};

/// What a source is and how it does.
struct Follow {
  ArchiveSource settings;
  std::string name;
  std::unique_ptr<ArchiveFetcher> fetcher;  ///< null for a folder
  std::unique_ptr<ArchiveLister> lister;
  std::string damaged;  ///< location and digest of the last damaged file
  std::string failing;  ///< the file that cannot be had
  TimePoint failing_since;
  std::optional<TimePoint> last_start;  ///< of the updates handed over last
  Duration step{};                      ///< the least time from one to the next
  std::size_t ready = 0;
  bool is_looking = true;
  Duration retry{};
  Duration wait{};  ///< asked for by the server
  std::unique_ptr<Wakeup> room;
  FeedStatus status;
};

}  // namespace

struct ArchiveFollower::Impl : std::enable_shared_from_this<Impl> {
  Impl(net::any_io_executor its_executor, ArchiveFollowerOptions its_options, RouteSink& its_sink)
      : executor{std::move(its_executor)},
        options{std::move(its_options)},
        sink{its_sink},
        news{executor} {}

  Result<void> prepare();
  void spawn(Task<> task);
  Task<> follow(Follow& source);
  Task<bool> look(Follow& source);
  Task<bool> fetch(Follow& source, ListedArchive archive);
  Task<bool> verify(Follow& source, ReadyArchive archive);
  bool gives_up(Follow& source, const ListedArchive& archive, bool others_wait);
  void refuse(Follow& source, ReadyArchive archive);
  Task<> hand_over();
  Task<bool> hand_over_some();
  Task<bool> push(RouteBatch& batch);
  void done(const ReadyArchive& archive);
  void note_trouble(Follow& source, const FetchTrouble& trouble);
  Follow* find(const std::string& name) {
    const auto found = std::find_if(sources.begin(), sources.end(),
                                    [&](const Follow& each) { return each.name == name; });
    return found == sources.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::size_t index(const Follow& source) const {
    return static_cast<std::size_t>(&source - sources.data());
  }

  net::any_io_executor executor;
  ArchiveFollowerOptions options;
  RouteSink& sink;
  Wakeup news;  ///< for who hands over: a file is ready, or a source has looked
  std::optional<ArchiveLedger> ledger;
  std::vector<Follow> sources;
  std::vector<ReadyArchive> ready;
  std::deque<net::cancellation_signal> running;
  std::uint32_t sequence = 0;
  TimePoint last_time;
};

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

/// Hands over what is ready, for ever.
Task<> ArchiveFollower::Impl::hand_over() {
  for (;;) {
    while (ready.empty()) {
      co_await news.wait();
    }
    // Those that are still looking may find what comes before in time.
    const auto still_looks = [this] {
      return std::any_of(sources.begin(), sources.end(),
                         [](const Follow& each) { return each.is_looking; });
    };
    const auto until = std::chrono::steady_clock::now() + options.patience;
    while (still_looks()) {
      const auto left = until - std::chrono::steady_clock::now();
      if (left.count() <= 0) {
        break;
      }
      auto waiting = news.wait();
      co_await with_deadline(std::move(waiting), left);
    }
    co_await hand_over_some();
  }
}

/// Merges the earliest files that are ready, a bounded number of them.
Task<bool> ArchiveFollower::Impl::hand_over_some() {
  std::sort(ready.begin(), ready.end(), [](const auto& left, const auto& right) {
    return std::tie(left.archive.name.start, left.archive.name.kind, left.archive.location) <
           std::tie(right.archive.name.start, right.archive.name.kind, right.archive.location);
  });
  const std::size_t count = std::min(ready.size(), kAtOnce);
  std::vector<std::unique_ptr<RouteSource>> readers;
  std::vector<const MrtReader*> accounts;
  for (std::size_t i = 0; i < count; ++i) {
    accounts.push_back(nullptr);
    if (ready[i].entry.fate == ArchiveFate::Refused) {
      continue;
    }
    MrtReader::Options reading;
    reading.source = sources[ready[i].source].name;
    reading.detail = Detail::Paths;
    reading.wanted = options.wanted;
    auto reader = open_mrt(ready[i].path, reading);
    if (reader) {
      accounts.back() = reader->get();
      readers.push_back(std::move(*reader));
    }
  }
  MergedSource merged{std::move(readers)};
  RouteBatch batch;
  const VantagePoint* vantage = nullptr;
  Follow* heard = nullptr;
  while (const Route* const next = merged.next()) {
    Route route = *next;
    // The live detector's clock is that of receipt; what the archive says of
    // its age stays in `since`.
    const TimePoint now = std::max(wall_clock(), last_time);
    sequence = now == last_time ? sequence + 1 : 0;
    last_time = now;
    if (next->vantage != vantage) {
      vantage = next->vantage;
      heard = find(vantage->source);
    }
    if (heard != nullptr) {
      heard->status.last_message =
          std::max(heard->status.last_message.value_or(next->time), next->time);
    }
    route.time = now;
    route.sequence = sequence;
    batch.add(route);
    if (batch.size() == kBatch) {
      co_await push(batch);
    }
  }
  co_await push(batch);
  for (std::size_t i = 0; i < count; ++i) {
    FeedCounters& counters = sources[ready[i].source].status.counters;
    if (accounts[i] != nullptr) {
      counters.messages += accounts[i]->account().records;
      counters.elements += accounts[i]->account().elements;
    }
  }
  std::vector<ReadyArchive> finished{
      std::make_move_iterator(ready.begin()),
      std::make_move_iterator(ready.begin() + static_cast<std::ptrdiff_t>(count))};
  ready.erase(ready.begin(), ready.begin() + static_cast<std::ptrdiff_t>(count));
  for (const ReadyArchive& each : finished) {
    --sources[each.source].ready;
    done(each);
    sources[each.source].room->announcer()();
  }
  co_return true;
}

/// Waits while the sink is full.
Task<bool> ArchiveFollower::Impl::push(RouteBatch& batch) {
  while (!batch.empty() && !sink.try_push(batch)) {
    Wakeup room{executor};
    sink.when_room(room.announcer());
    co_await room.wait();
  }
  co_await net::post(executor, net::use_awaitable);
  co_return true;
}

void ArchiveFollower::Impl::done(const ReadyArchive& archive) {
  const Result<void> kept = ledger->add(archive.archive.location, archive.entry);
  if (!kept) {
    log_error("archive ledger", {{"cause", kept.error().message}});
  }
  if (archive.is_ours) {
    std::error_code ignored;
    std::filesystem::remove(archive.path, ignored);
  }
  Follow& source = sources[archive.source];
  FeedStatus& status = source.status;
  if (archive.archive.name.kind == ArchiveKind::Updates) {
    const TimePoint start = archive.archive.name.start;
    if (source.last_start && start > *source.last_start) {
      const Duration step = start - *source.last_start;
      source.step = source.step.count() == 0 ? step : std::min(source.step, step);
      status.counters.gaps +=
          step > source.step || archive.entry.fate == ArchiveFate::Refused ? 1U : 0U;
    }
    source.last_start = start;
  }
  if (status.state == FeedState::CatchingUp && source.ready == 0 && !source.is_looking) {
    status.state = FeedState::Live;
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
