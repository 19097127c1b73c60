#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/feed/feed_status.hpp"
#include "core/base/result.hpp"
#include "core/route/vrp_table.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {

/// Keeps the table of an RPKI cache (RFC 8210) over TCP or TLS: connects again for ever, asks for
/// what is new at the cache's own interval, and gives the table up when it expires. All of its
/// members are called on the one thread of the io_context that it was made with.
class RtrClient {
 public:
  struct Options {
    Url server;  ///< "tcp" or "tls"; its target is not used
    std::optional<TlsContext> tls;
    std::chrono::milliseconds connect_time{20'000};
    /// After a connection that failed or ended; doubled at each failure, up to the cache's own
    /// retry interval. After an answer that was refused it is that interval at once.
    std::chrono::milliseconds first_retry{1'000};
    /// At least so often it is looked at what is due.
    std::chrono::milliseconds tick{1'000};
    std::function<void()> changed;  ///< called when there is another table, or none any more
  };

  RtrClient(const net::any_io_executor& executor, Options options);
  ~RtrClient();
  RtrClient(const RtrClient&) = delete;
  RtrClient& operator=(const RtrClient&) = delete;
  RtrClient(RtrClient&&) = delete;
  RtrClient& operator=(RtrClient&&) = delete;

  void start();
  void stop();
  /// Null before the first answer has come whole and after the last one has expired.
  [[nodiscard]] const std::shared_ptr<const VrpTable>& table() const;
  /// The serial number of the table; empty without one.
  [[nodiscard]] std::string version() const;
  [[nodiscard]] FeedStatus status() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
