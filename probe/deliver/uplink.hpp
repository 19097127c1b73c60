#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "core/base/result.hpp"
#include "core/base/time.hpp"
#include "core/runtime/http.hpp"
#include "core/runtime/task.hpp"
#include "core/wire/plan_message.hpp"
#include "probe/deliver/credentials.hpp"
#include "probe/deliver/spool.hpp"

namespace isthmus::probe {

struct UplinkOptions {
  std::string name;    ///< of the collector, as the spool's cursor is called
  Url server;          ///< "https://collector.example:9743"; "http" for tests on loopback only
  std::string folder;  ///< of the credentials, and of the last plan
  std::string software;
  std::size_t batch_bytes = std::size_t{256} << 10;  ///< of the spool, in one request
  Duration plan_wait = std::chrono::seconds{20};     ///< how long the collector may hold a poll
  Duration first_retry = std::chrono::seconds{1};  ///< doubled after each failure, with jitter ...
  /// ... up to this: who is back shall hear of the present within ten seconds.
  Duration longest_retry = std::chrono::seconds{8};
  Duration clock_interval = std::chrono::minutes{1};  ///< between measurements of the offset
};

/// How a collector is doing, for metrics and logs.
struct UplinkStatus {
  bool up = false;                       ///< the last exchange went well
  std::uint64_t stored = 0;              ///< traceroutes that the collector said it stored
  std::uint64_t duplicates = 0;          ///< of them, stored before
  std::uint64_t refused = 0;             ///< traceroutes that the collector will never take
  std::uint64_t failures = 0;            ///< requests that failed or were put off
  std::uint64_t plans = 0;               ///< plans received
  std::uint64_t renewals = 0;            ///< certificates received
  std::optional<Duration> clock_offset;  ///< the collector's clock minus ours
  std::optional<TimePoint> certificate_expiry;
  std::string last_error;
};

/// Everything a probe has to do with one collector: delivers what the spool owes it, follows its
/// plan, measures its clock and renews the certificate. A collector that is away, slow or wrong
/// holds up nobody else. All on one thread.
class Uplink {
 public:
  /// What an uplink asks of the daemon; all are called on the executor's thread.
  struct Hooks {
    std::function<Clocks()> clocks;
    std::function<void(const PlanMessage& plan)> on_plan;
    std::function<void()> on_stored;  ///< the collector has stored something
  };

  /// `spool` must outlive the uplink; `cursor` is the collector's in it.
  Uplink(const net::any_io_executor& executor, UplinkOptions options, Spool& spool,
         std::size_t cursor, Hooks hooks);
  ~Uplink();
  Uplink(const Uplink&) = delete;
  Uplink& operator=(const Uplink&) = delete;

  /// The plan of the last run, so that a probe measures before its collector can be reached.
  void load_last_plan();
  /// Works until it is cancelled.
  Task<> run();
  /// The spool has more.
  void wake();
  /// The credentials on disk may be others now.
  void reload_credentials();
  /// Whether the collector has all that the spool holds.
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] const UplinkStatus& status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Gets a probe's first certificate from a collector with a join token and keeps it in `folder`.
/// The key is made here and never leaves. Returns the probe's name.
Task<Result<std::string>> enrol(net::any_io_executor executor, Url server, std::string token,
                                std::string software, std::string folder);

}  // namespace isthmus::probe
