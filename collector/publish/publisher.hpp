#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/publish/alert_settings.hpp"
#include "collector/publish/snapshot.hpp"
#include "collector/publish/snapshot_metrics.hpp"
#include "collector/publish/web_site.hpp"
#include "core/base/result.hpp"
#include "core/runtime/task.hpp"
#include "core/runtime/tls.hpp"

namespace isthmus::collector {

struct PublisherOptions {
  std::string history_folder;   ///< empty: no history is kept, and alerts have no queue
  std::string web_config_file;  ///< empty: reading is open, without TLS
  AlertSettings alerts;         ///< `queue_file` is set here: alerts.db in the history's folder
  MetricLimits limits;
  BuildInfo build;
  std::function<std::string()> configuration;  ///< TOML, without secrets; this thread
  std::function<AsDescription(Asn)> describe;  ///< any thread; may be null
  std::function<TimePoint()> now;              ///< UTC
};

/// What has changed since the last publication. What is not set stays as it was.
struct Publication {
  TimePoint time;  ///< up to when the detector has judged
  std::optional<std::vector<TargetStatus>> targets;
  std::optional<DetectorCounters> counters;
  std::vector<Event> events;  ///< new ones, which are stored already
  std::optional<std::vector<FeedStatus>> feeds;
  std::optional<std::vector<ProbeStatus>> probes;
  std::optional<std::vector<TableStatus>> tables;
  std::optional<std::vector<QueueStatus>> queues;
};

/// The collector's last step: turns what was decided and stored into metrics, alerts, the API and
/// the page. All on the executor's thread, but for queries of the history, which have threads of
/// their own.
class Publisher {
 public:
  /// Fails if the web configuration, a secret or the queue of alerts cannot be used.
  static Result<std::unique_ptr<Publisher>> open(const net::any_io_executor& executor,
                                                 PublisherOptions options);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Makes a new snapshot of it, and tells whoever has to be told.
  void publish(Publication publication);
  /// Whether the configuration that was read just now is in force.
  void note_reload(bool good);

  /// For the server; handlers of others (/-/ready) are added to it before the server runs.
  [[nodiscard]] WebSite& site();
  /// TLS as the web configuration asks for it; nothing: none.
  [[nodiscard]] Result<std::optional<TlsContext>> tls() const;

  /// Delivers alerts and looks after the web configuration until it is stopped or cancelled.
  /// `use_tls` is called with new keys.
  Task<> run(std::function<void(TlsContext)> use_tls);
  /// Ends streams and `run`.
  void stop();

 private:
  struct Impl;
  explicit Publisher(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
