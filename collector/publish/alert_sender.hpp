#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/any_io_executor.hpp>

#include "collector/publish/alert_queue.hpp"
#include "collector/publish/self_metrics.hpp"
#include "core/runtime/task.hpp"

namespace isthmus::collector {

/// Hands alerts to their receivers: takes events in, keeps them in the queue on the disk, and
/// delivers them in order, each receiver on its own, again and again until it has taken them. An
/// Alertmanager is told of every alert that stands once a minute, for otherwise it forgets them.
/// All on the executor's thread.
class AlertSender {
 public:
  using Clock = std::function<TimePoint()>;

  /// Fails if a secret or a certificate cannot be read, or a URL is none.
  static Result<std::unique_ptr<AlertSender>> make(const net::any_io_executor& executor,
                                                   AlertSettings settings, SelfMetrics& metrics,
                                                   Clock clock);
  ~AlertSender();
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;

  /// Takes in events that were told; what is taken in is not lost any more. An error means that the
  /// queue cannot be written: hand them over again.
  Result<void> accept(const std::vector<Event>& events);

  /// Delivers until it is cancelled or stopped.
  Task<> run();
  void stop();

  /// For the API; the queue must only be used on the executor's thread.
  [[nodiscard]] AlertQueue& queue();

 private:
  struct Impl;
  explicit AlertSender(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus::collector
