#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/cancellation_signal.hpp>

#include "collector/feed/archive_fetch.hpp"
#include "collector/feed/archive_follower.hpp"
#include "collector/feed/archive_ledger.hpp"
#include "collector/feed/archive_lister.hpp"
#include "core/runtime/queue_task.hpp"

// The inside of ArchiveFollower: what looks for archives and fetches them, and what hands them
// over.

namespace isthmus::collector {

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

}  // namespace isthmus::collector
