#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/feed/archive_plan.hpp"
#include "collector/feed/live_feed.hpp"
#include "collector/feed/rib_decoder.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {

/// A place where the archives of one route collector appear.
struct ArchiveSource {
  std::string location;   ///< a folder of ours, or the http(s) URL of one
  std::string collector;  ///< of the vantage points; empty: what `collector_name` finds
  ArchiveLayout layout{{""}};
  ArchivePlanOptions plan;
  Duration interval = std::chrono::minutes{1};  ///< from one look to the next
};

struct ArchiveFollowerOptions {
  std::vector<ArchiveSource> sources;
  /// Where the ledger is kept and files of servers lie until they are handed
  /// over. It is made if it is not there, and is nobody else's.
  std::string folder;
  PrefixFilter wanted;  ///< empty: all prefixes
  std::optional<TlsContext> tls;
  /// How long files that are there wait for those of other sources, to go with
  /// them in the order of time.
  Duration patience = std::chrono::seconds{20};
  /// How long a file that cannot be had holds up those behind it.
  Duration give_up = std::chrono::minutes{30};
  std::chrono::nanoseconds limit = std::chrono::minutes{2};  ///< for each reply of a server
  std::uint64_t piece_bytes = std::uint64_t{8} << 20;        ///< asked for at a time
};

/// Follows route collectors through the archives that they publish: looks for
/// new files at each source's interval, fetches and verifies them, hands their
/// routes over in the order of time, and remembers what is done.
///
/// A file is handed over when it is whole: of the size and digest that its
/// server told, and without damage to its last record. A damaged one is fetched
/// again; when the same bytes come a second time the damage is the source's
/// own, and what can be read of it is handed over. A file in a folder is left
/// alone until two looks have found the same size.
///
/// The files of a source go in the order of time, for it is that of routes:
/// what appears behind its time is left out and counted as a gap.
///
/// A file is done when the sink has taken its last route. After a crash what
/// was under way is handed over again; the detector knows duplicates.
class ArchiveFollower final : public LiveFeed {
 public:
  ArchiveFollower(const net::any_io_executor& executor, ArchiveFollowerOptions options,
                  RouteSink& sink);
  ~ArchiveFollower() override;
  ArchiveFollower(const ArchiveFollower&) = delete;
  ArchiveFollower& operator=(const ArchiveFollower&) = delete;

  Result<void> start() override;
  void stop() override;
  [[nodiscard]] std::vector<FeedStatus> status(TimePoint now) const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
