#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "collector/detect/target.hpp"
#include "collector/feed/feed_outlet.hpp"
#include "collector/feed/feed_settings.hpp"
#include "collector/feed/live_feed.hpp"
#include "collector/feed/live_rib.hpp"
#include "collector/feed/rtr_client.hpp"
#include "core/route/vrp_table.hpp"

namespace isthmus::collector {

/// All live feeds of a collector: what its configuration names, the state that they share, and the
/// RPKI caches. All of its members are called on the one thread of the executor.
class LiveFeeds {
 public:
  struct Options {
    std::string folder;  ///< for what outlasts the program; empty: nothing does
    std::function<TimePoint()> now;
    /// Called when the RPKI data in force have changed.
    std::function<void()> vrps_changed = [] {};
  };

  LiveFeeds(const net::any_io_executor& executor, FeedSettings settings,
            const std::vector<Target>& targets, RouteSink& sink, Options options);
  ~LiveFeeds();
  LiveFeeds(const LiveFeeds&) = delete;
  LiveFeeds& operator=(const LiveFeeds&) = delete;
  LiveFeeds(LiveFeeds&&) = delete;
  LiveFeeds& operator=(LiveFeeds&&) = delete;

  /// Takes up what an earlier collector has saved, listens and connects.
  Result<void> start();
  /// Lets the state's time run, until `stop`.
  Task<> run();
  /// Goes on with other settings and targets. Feeds whose part of them has changed are started
  /// anew: routers call again and tell their tables. An error says what cannot be used; the old
  /// settings stay in force.
  Task<Result<void>> use(FeedSettings settings, std::vector<Target> targets);
  /// Ends all connections, hands over what has been read, as long as there is time, and saves the
  /// state.
  Task<> stop(std::chrono::nanoseconds limit);

  /// Every feed, and every RPKI cache.
  [[nodiscard]] std::vector<FeedStatus> status(TimePoint now) const;
  /// The RPKI data in force: of the first cache, in the order of the configuration, that has some.
  /// Null if none has.
  [[nodiscard]] std::shared_ptr<const VrpTable> vrps() const;

 private:
  /// Which feeds are opened.
  struct Parts {
    bool bmp = true;
    bool ris_live = true;
    bool archives = true;
    bool caches = true;
  };

  Result<void> open(const FeedSettings& settings, const std::vector<Target>& targets,
                    const Parts& parts);
  Result<void> open_bmp(const FeedSettings& settings, const std::vector<Target>& targets);
  Result<void> open_ris_live(const FeedSettings& settings, const std::vector<Target>& targets);
  Result<void> open_archives(const FeedSettings& settings, const std::vector<Target>& targets);
  Result<void> open_caches(const FeedSettings& settings);
  void close(const Parts& parts);
  void restore();
  void save() const;

  net::any_io_executor executor_;
  FeedSettings settings_;
  std::vector<Target> targets_;
  Options options_;
  LiveRib rib_;
  FeedOutlet outlet_;
  RouteSink& archive_sink_;
  RouteBatch restored_;
  std::unique_ptr<LiveFeed> bmp_;
  std::unique_ptr<LiveFeed> ris_live_;
  std::unique_ptr<LiveFeed> archives_;
  std::vector<std::unique_ptr<RtrClient>> caches_;
  net::steady_timer timer_;
  bool is_stopped_ = false;
};

}  // namespace isthmus::collector
