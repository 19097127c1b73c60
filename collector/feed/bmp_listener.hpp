#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/feed/feed_outlet.hpp"
#include "collector/feed/live_feed.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {

/// Lets routers in that speak BMP, each into a session of its own. Nothing that one of them sends,
/// or does not send, harms another: memory is bounded for each and for all, and who is not on the
/// access list gets nothing read.
class BmpListener final : public LiveFeed {
 public:
  /// An entry of the access list. The longest one around an address counts.
  struct Router {
    std::string name;  ///< of the source; where the prefix holds several, their address follows it
    Prefix from;
  };
  struct Options {
    std::vector<ListenAddress> listen;
    std::vector<Router> routers;
    std::optional<TlsContext> tls;
    std::vector<Asn> origins;  ///< the watched networks
    std::size_t max_connections = 1024;
    std::size_t max_peers = 4096;  ///< of one router
    /// Until the first message has come; then a session may be quiet for ever, and TCP finds out
    /// about a router that is gone.
    std::chrono::milliseconds opening_time{30'000};
    /// Changes of watched routes that one router may tell a second, and at once before that counts.
    /// Beyond, it is read more slowly, so that it cannot keep the detector from listening to
    /// others.
    double changes_per_second = 5'000;
    double changes_at_once = 100'000;
  };
  /// What became of connections that were not let in, or did not last to the first message.
  struct Refusals {
    std::uint64_t access_list = 0;  ///< not on it
    std::uint64_t connections = 0;  ///< too many, the oldest without a message made room
    std::uint64_t handshake = 0;    ///< TLS failed
    std::uint64_t opening = 0;      ///< no message came in time

    [[nodiscard]] bool any() const { return access_list + connections + handshake + opening > 0; }
  };

  BmpListener(const net::any_io_executor& executor, Options options, FeedOutlet& outlet);
  ~BmpListener() override;
  BmpListener(const BmpListener&) = delete;
  BmpListener& operator=(const BmpListener&) = delete;
  BmpListener(BmpListener&&) = delete;
  BmpListener& operator=(BmpListener&&) = delete;

  Result<void> start() override;
  void stop() override;
  /// One entry for each router, and "bmp-listener" when somebody was not let in.
  [[nodiscard]] std::vector<FeedStatus> status(TimePoint now) const override;

  /// The ports that are listened on, in the order of `listen`.
  [[nodiscard]] std::vector<std::uint16_t> ports() const;
  [[nodiscard]] const Refusals& refusals() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
