#include <algorithm>
#include <filesystem>
#include <tuple>
#include <utility>

#include <boost/asio/post.hpp>

#include "collector/feed/archive_follower_impl.hpp"
#include "collector/feed/merged_source.hpp"
#include "collector/feed/mrt_reader.hpp"
#include "core/runtime/log.hpp"
#include "core/runtime/queue_task.hpp"

namespace isthmus::collector {
namespace {

/// Files that are merged at once.
constexpr std::size_t kAtOnce = 16;
constexpr std::size_t kBatch = 1024;

TimePoint wall_clock() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

}  // namespace

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

}  // namespace isthmus::collector
