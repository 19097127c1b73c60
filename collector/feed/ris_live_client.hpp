#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/feed/feed_outlet.hpp"
#include "collector/feed/live_feed.hpp"

namespace isthmus::collector {

/// Follows RIS Live (https://ris-live.ripe.net/manual/): what RIPE's route collectors hear, about
/// the watched prefixes and ASes, over a WebSocket. It connects again for ever, later and later,
/// and says for which time it may have missed something: RIS Live does not repeat.
class RisLiveClient final : public LiveFeed {
 public:
  struct Options {
    std::string host = "ris-live.ripe.net";
    std::string port = "443";
    std::string target = "/v1/ws/?client=isthmus";
    bool use_tls = true;
    std::string
        authorities_pem;  ///< who may have signed the server's certificate; empty: the system's
    std::vector<std::string> hosts;  ///< route collectors to hear; empty: all
    std::chrono::milliseconds connect_time{20'000};
    std::chrono::milliseconds ping_interval{20'000};
    std::chrono::milliseconds idle_time{
        60'000};  ///< a connection without a byte for so long is dead
    std::chrono::milliseconds first_retry{1'000};
    std::chrono::milliseconds longest_retry{60'000};
    /// So far behind the route collectors' clocks, what cannot be watched is not read any more.
    std::chrono::milliseconds shed_lag{30'000};
  };

  RisLiveClient(const net::any_io_executor& executor, Options options, FeedOutlet& outlet,
                WatchFilter watch);
  ~RisLiveClient() override;
  RisLiveClient(const RisLiveClient&) = delete;
  RisLiveClient& operator=(const RisLiveClient&) = delete;
  RisLiveClient(RisLiveClient&&) = delete;
  RisLiveClient& operator=(RisLiveClient&&) = delete;

  Result<void> start() override;
  void stop() override;
  /// One entry.
  [[nodiscard]] std::vector<FeedStatus> status(TimePoint now) const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// What the client asks the server for, one message a subscription.
std::vector<std::string> ris_live_subscriptions(const WatchFilter& watch,
                                                const std::vector<std::string>& hosts);

}  // namespace isthmus::collector
