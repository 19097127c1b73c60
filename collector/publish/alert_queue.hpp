#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "collector/publish/alert_settings.hpp"
#include "collector/record/sqlite_database.hpp"
#include "core/base/result.hpp"
#include "core/route/event.hpp"

namespace isthmus::collector {

/// An alert: the event that raised it, and the one that ended it.
struct Alert {
  Event event;
  TimePoint raised;  ///< when it was queued, by the clock on the wall
  std::optional<TimePoint> ended;
  std::optional<Event> ended_by;  ///< nothing if its time was over
};

/// One thing that a receiver has to be told.
struct Delivery {
  std::int64_t id = 0;
  bool resolved = false;  ///< the end of the alert, else its beginning
  Alert alert;
  TimePoint queued;
  std::uint64_t attempts = 0;  ///< that failed
};

/// How a receiver's queue is.
struct QueueCounts {
  std::uint64_t waiting = 0;
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;
  std::optional<TimePoint> oldest;  ///< queued first of those that wait
  std::optional<std::string> last_error;
  std::optional<TimePoint> last_success;
};

/// Alerts and what is still to be said of them, on the disk: nothing is lost when the program ends
/// or a receiver is away, and nothing is told twice when events are handed over again. Times are
/// those of the clock on the wall. Not for more than one thread at a time.
class AlertQueue {
 public:
  /// Opens the file or makes it.
  static Result<AlertQueue> open(const std::string& path, std::vector<AlertReceiver> receivers,
                                 AlertTiming timing);

  /// Takes in events that were told, in their order: raises alerts and ends them. An event that was
  /// taken in before changes nothing.
  Result<void> accept(const std::vector<Event>& events, TimePoint now);
  /// Ends alerts whose lifetime is over.
  Result<void> expire(TimePoint now);

  /// What the receiver is to be told next, if it is time for anything.
  [[nodiscard]] Result<std::optional<Delivery>> next(const std::string& receiver, TimePoint now);
  /// When `next` may have something; nothing if nothing waits.
  [[nodiscard]] Result<std::optional<TimePoint>> next_time(const std::string& receiver);

  Result<void> delivered(const Delivery& delivery, const std::string& receiver, TimePoint now);
  /// It failed and is tried again at a time.
  Result<void> retry(const Delivery& delivery, const std::string& error, TimePoint at);
  /// It failed for good.
  Result<void> refused(const Delivery& delivery, const std::string& receiver,
                       const std::string& error);

  /// Alerts that stand, the oldest first.
  [[nodiscard]] Result<std::vector<Alert>> firing();
  /// Those of them whose beginning the receiver has taken and whose end it has not.
  [[nodiscard]] Result<std::vector<Alert>> held_up(const std::string& receiver);
  [[nodiscard]] Result<QueueCounts> counts(const std::string& receiver);
  /// The time of the latest event that was taken in.
  [[nodiscard]] Result<std::optional<TimePoint>> last_event();

  [[nodiscard]] const std::vector<AlertReceiver>& receivers() const { return receivers_; }

 private:
  AlertQueue(SqliteDatabase database, std::vector<AlertReceiver> receivers, AlertTiming timing)
      : database_{std::make_unique<SqliteDatabase>(std::move(database))},
        receivers_{std::move(receivers)},
        timing_{timing} {}

  Result<void> take_in(const Event& event, TimePoint now);
  Result<void> raise(const Event& event, const std::string& body, TimePoint now);
  Result<void> end(std::int64_t alert, const std::string* body, TimePoint now);
  Result<void> end_matching(const Event& event, const std::string& body, TimePoint now);
  [[nodiscard]] Result<std::vector<Alert>> read_alerts(SqliteStatement& rows);

  std::unique_ptr<SqliteDatabase> database_;
  std::vector<AlertReceiver> receivers_;
  AlertTiming timing_;
};

}  // namespace isthmus::collector
