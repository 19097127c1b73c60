#include "collector/publish/alert_queue.hpp"

#include <array>
#include <limits>
#include <utility>

#include "collector/publish/alert.hpp"
#include "collector/record/event_json.hpp"

namespace isthmus::collector {
namespace {

constexpr std::int32_t kApplication = 0x49734171;  // "IsAq"
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
/// Alerts that ended are kept for so long, and events for so long not taken in again.
constexpr Duration kKept = std::chrono::hours{24 * 30};

// Times are microseconds since 1970 UTC. A delivery's state is 0 while it waits, 1 when it was
// delivered, 2 when it was given up. The end of an alert waits until its beginning was delivered.
constexpr std::array<const char*, 1> kMigrations{R"sql(
CREATE TABLE seen (
  event_id TEXT NOT NULL PRIMARY KEY,
  time_us INTEGER NOT NULL,
  taken_us INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE alert (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL,
  type TEXT NOT NULL,
  target TEXT NOT NULL,
  family INTEGER NOT NULL,
  upstream INTEGER,
  body TEXT NOT NULL,
  raised_us INTEGER NOT NULL,
  expires_us INTEGER,
  ended_us INTEGER,
  end_body TEXT
);
CREATE INDEX alert_open ON alert (target, type) WHERE ended_us IS NULL;
CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  receiver TEXT NOT NULL,
  alert_id INTEGER NOT NULL REFERENCES alert ON DELETE CASCADE,
  resolved INTEGER NOT NULL,
  queued_us INTEGER NOT NULL,
  due_us INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  state INTEGER NOT NULL DEFAULT 0,
  done_us INTEGER,
  error TEXT,
  UNIQUE (receiver, alert_id, resolved)
);
CREATE INDEX delivery_waiting ON delivery (receiver, id) WHERE state = 0;
CREATE INDEX delivery_by_alert ON delivery (alert_id);
)sql"};

std::int64_t stored(TimePoint time) {
  return time.time_since_epoch().count();
}

TimePoint read_time(const SqliteStatement& row, int column) {
  return TimePoint{Duration{row.integer(column)}};
}

std::optional<TimePoint> read_optional_time(const SqliteStatement& row, int column) {
  return row.is_null(column) ? std::nullopt : std::optional{read_time(row, column)};
}

/// Columns of every query of alerts, in this order.
constexpr std::string_view kAlertColumns =
    "alert.body, alert.raised_us, alert.ended_us, alert.end_body";

Result<Alert> read_alert(const SqliteStatement& row, int first) {
  auto event = parse_event(row.text(first));
  if (!event) {
    return unexpected{event.error()};
  }
  Alert alert{std::move(*event), read_time(row, first + 1), read_optional_time(row, first + 2), {}};
  if (!row.is_null(first + 3)) {
    auto ended_by = parse_event(row.text(first + 3));
    if (!ended_by) {
      return unexpected{ended_by.error()};
    }
    alert.ended_by = std::move(*ended_by);
  }
  return alert;
}

/// Runs a statement with these values.
template <typename... T>
Result<void> run(const SqliteDatabase& database, std::string_view text, const T&... values) {
  auto statement = database.prepare(text);
  return statement ? statement->bind(values...).run() : unexpected{statement.error()};
}

}  // namespace

Result<AlertQueue> AlertQueue::open(const std::string& path, std::vector<AlertReceiver> receivers,
                                    AlertTiming timing) {
  auto database = SqliteDatabase::open(path, SqliteMode::Wal);
  if (!database) {
    return unexpected{database.error()};
  }
  if (auto migrated = database->migrate(kMigrations, kApplication); !migrated) {
    return unexpected{migrated.error()};
  }
  return AlertQueue{std::move(*database), std::move(receivers), timing};
}

Result<void> AlertQueue::accept(const std::vector<Event>& events, TimePoint now) {
  if (events.empty()) {
    return {};
  }
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) {
    return unexpected{transaction.error()};
  }
  for (const Event& event : events) {
    if (auto done = take_in(event, now); !done) {
      return done;
    }
  }
  return transaction->commit();
}

Result<void> AlertQueue::take_in(const Event& event, TimePoint now) {
  auto known = database_->prepare("SELECT 1 FROM seen WHERE event_id = ?");
  if (!known) {
    return unexpected{known.error()};
  }
  const auto found = known->bind(event.id).step();
  if (!found || *found) {
    return found ? Result<void>{} : unexpected{found.error()};
  }
  std::string body;
  append_json(body, event);
  auto done = run(*database_, "INSERT INTO seen VALUES (?, ?, ?)", event.id, stored(event.time),
                  stored(now));
  if (done) {
    done = end_matching(event, body, now);
  }
  return done && is_alert(event.type) ? raise(event, body, now) : done;
}

Result<void> AlertQueue::raise(const Event& event, const std::string& body, TimePoint now) {
  const std::string key = alert_key(event);
  // The same alert again takes the place of the one before it.
  auto done = run(*database_, "UPDATE alert SET ended_us = ? WHERE key = ? AND ended_us IS NULL",
                  stored(now), key);
  const std::optional<Duration> lifetime = alert_lifetime(event.type);
  const std::optional<std::int64_t> expires =
      lifetime ? std::optional{stored(now + *lifetime)} : std::nullopt;
  const std::optional<std::int64_t> upstream =
      event.upstream ? std::optional{std::int64_t{event.upstream->value}} : std::nullopt;
  if (done) {
    done =
        run(*database_,
            "INSERT INTO alert (key, type, target, family, upstream, body, raised_us, expires_us)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            key, to_string(event.type), event.target, static_cast<std::int64_t>(event.family),
            upstream, body, stored(now), expires);
  }
  for (const AlertReceiver& receiver : receivers_) {
    if (done && event.severity >= receiver.minimum_severity) {
      done = run(*database_,
                 "INSERT INTO delivery (receiver, alert_id, resolved, queued_us, due_us)"
                 " SELECT ?, max(id), 0, ?, ? FROM alert",
                 receiver.name, stored(now), stored(now));
    }
  }
  return done;
}

Result<void> AlertQueue::end(std::int64_t alert, const std::string* body, TimePoint now) {
  auto done =
      run(*database_, "UPDATE alert SET ended_us = ?, end_body = ? WHERE id = ?", stored(now),
          body == nullptr ? std::nullopt : std::optional{std::string_view{*body}}, alert);
  if (!done) {
    return done;
  }
  // Who has heard of the beginning, or will, hears of the end.
  return run(*database_,
             "INSERT OR IGNORE INTO delivery (receiver, alert_id, resolved, queued_us, due_us)"
             " SELECT receiver, alert_id, 1, ?1,"
             " CASE state WHEN 1 THEN max(?1, done_us + ?2) ELSE ?3 END"
             " FROM delivery WHERE alert_id = ?4 AND resolved = 0 AND state <> 2",
             stored(now), timing_.least_firing.count(), kNever, alert);
}

Result<void> AlertQueue::end_matching(const Event& event, const std::string& body, TimePoint now) {
  for (const EventType type : alerts_ended_by(event.type)) {
    auto open = database_->prepare(
        "SELECT id FROM alert WHERE target = ? AND type = ? AND ended_us IS NULL AND family = ?"
        " AND (?4 IS NULL OR upstream IS NULL OR upstream = ?4)");
    if (!open) {
      return unexpected{open.error()};
    }
    const std::optional<std::int64_t> upstream =
        event.upstream ? std::optional{std::int64_t{event.upstream->value}} : std::nullopt;
    open->bind(event.target, to_string(type), static_cast<std::int64_t>(event.family), upstream);
    std::vector<std::int64_t> found;
    while (true) {
      const auto row = open->step();
      if (!row) {
        return unexpected{row.error()};
      }
      if (!*row) {
        break;
      }
      found.push_back(open->integer(0));
    }
    for (const std::int64_t alert : found) {
      if (auto done = end(alert, &body, now); !done) {
        return done;
      }
    }
  }
  return {};
}

Result<void> AlertQueue::expire(TimePoint now) {
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) {
    return unexpected{transaction.error()};
  }
  auto over = database_->prepare("SELECT id FROM alert WHERE ended_us IS NULL AND expires_us <= ?");
  if (!over) {
    return unexpected{over.error()};
  }
  over->bind(stored(now));
  std::vector<std::int64_t> found;
  while (true) {
    const auto row = over->step();
    if (!row) {
      return unexpected{row.error()};
    }
    if (!*row) {
      break;
    }
    found.push_back(over->integer(0));
  }
  for (const std::int64_t alert : found) {
    if (auto done = end(alert, nullptr, now); !done) {
      return done;
    }
  }
  auto done = run(*database_,
                  "DELETE FROM alert WHERE ended_us < ? AND NOT EXISTS"
                  " (SELECT 1 FROM delivery WHERE alert_id = alert.id AND state = 0)",
                  stored(now - kKept));
  if (done) {
    done = run(*database_, "DELETE FROM seen WHERE taken_us < ?", stored(now - kKept));
  }
  return done ? transaction->commit() : done;
}

Result<std::optional<Delivery>> AlertQueue::next(const std::string& receiver, TimePoint now) {
  auto row = database_->prepare(
      "SELECT delivery.id, resolved, queued_us, attempts, " + std::string{kAlertColumns} +
      " FROM delivery JOIN alert ON alert.id = alert_id"
      " WHERE receiver = ? AND state = 0 AND due_us <= ? ORDER BY delivery.id LIMIT 1");
  if (!row) {
    return unexpected{row.error()};
  }
  const auto found = row->bind(receiver, stored(now)).step();
  if (!found) {
    return unexpected{found.error()};
  }
  if (!*found) {
    return std::optional<Delivery>{};
  }
  auto alert = read_alert(*row, 4);
  if (!alert) {
    return unexpected{alert.error()};
  }
  return std::optional{Delivery{.id = row->integer(0),
                                .resolved = row->integer(1) != 0,
                                .alert = std::move(*alert),
                                .queued = read_time(*row, 2),
                                .attempts = static_cast<std::uint64_t>(row->integer(3))}};
}

Result<std::optional<TimePoint>> AlertQueue::next_time(const std::string& receiver) {
  auto row =
      database_->prepare("SELECT min(due_us) FROM delivery WHERE receiver = ? AND state = 0");
  if (!row) {
    return unexpected{row.error()};
  }
  const auto found = row->bind(receiver).step();
  if (!found) {
    return unexpected{found.error()};
  }
  const bool none = !*found || row->is_null(0) || row->integer(0) == kNever;
  return none ? std::optional<TimePoint>{} : std::optional{read_time(*row, 0)};
}

Result<void> AlertQueue::delivered(const Delivery& delivery, const std::string& receiver,
                                   TimePoint now) {
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) {
    return unexpected{transaction.error()};
  }
  auto done = run(*database_, "UPDATE delivery SET state = 1, done_us = ? WHERE id = ?",
                  stored(now), delivery.id);
  if (done && !delivery.resolved) {
    done =
        run(*database_,
            "UPDATE delivery SET due_us = ? WHERE receiver = ? AND resolved = 1 AND state = 0 AND"
            " alert_id = (SELECT alert_id FROM delivery WHERE id = ?)",
            stored(now + timing_.least_firing), receiver, delivery.id);
  }
  return done ? transaction->commit() : done;
}

Result<void> AlertQueue::retry(const Delivery& delivery, const std::string& error, TimePoint at) {
  return run(*database_,
             "UPDATE delivery SET attempts = attempts + 1, error = ?, due_us = ? WHERE id = ?",
             error, stored(at), delivery.id);
}

Result<void> AlertQueue::refused(const Delivery& delivery, const std::string& receiver,
                                 const std::string& error) {
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) {
    return unexpected{transaction.error()};
  }
  auto done = run(*database_,
                  "UPDATE delivery SET state = 2, attempts = attempts + 1, error = ? WHERE id = ?",
                  error, delivery.id);
  if (done && !delivery.resolved) {
    done = run(*database_,
               "DELETE FROM delivery WHERE receiver = ? AND resolved = 1 AND"
               " alert_id = (SELECT alert_id FROM delivery WHERE id = ?)",
               receiver, delivery.id);
  }
  return done ? transaction->commit() : done;
}

Result<std::vector<Alert>> AlertQueue::read_alerts(SqliteStatement& rows) {
  std::vector<Alert> alerts;
  while (true) {
    const auto row = rows.step();
    if (!row) {
      return unexpected{row.error()};
    }
    if (!*row) {
      return alerts;
    }
    auto alert = read_alert(rows, 0);
    if (!alert) {
      return unexpected{alert.error()};
    }
    alerts.push_back(std::move(*alert));
  }
}

Result<std::vector<Alert>> AlertQueue::firing() {
  auto rows = database_->prepare("SELECT " + std::string{kAlertColumns} +
                                 " FROM alert WHERE ended_us IS NULL ORDER BY id");
  return rows ? read_alerts(*rows) : unexpected{rows.error()};
}

Result<std::vector<Alert>> AlertQueue::held_up(const std::string& receiver) {
  auto rows = database_->prepare(
      "SELECT " + std::string{kAlertColumns} +
      " FROM alert JOIN delivery ON delivery.alert_id = alert.id"
      " LEFT JOIN delivery AS end ON end.alert_id = alert.id AND end.resolved = 1 AND"
      " end.receiver = delivery.receiver"
      " WHERE delivery.receiver = ? AND delivery.resolved = 0 AND delivery.state = 1"
      " AND (ended_us IS NULL OR end.state = 0) ORDER BY alert.id");
  if (!rows) {
    return unexpected{rows.error()};
  }
  rows->bind(receiver);
  return read_alerts(*rows);
}

Result<QueueCounts> AlertQueue::counts(const std::string& receiver) {
  auto row = database_->prepare(
      "SELECT coalesce(sum(state = 0), 0), coalesce(sum(state = 1), 0), coalesce(sum(state = 2), "
      "0),"
      " min(CASE WHEN state = 0 THEN queued_us END), max(done_us),"
      " (SELECT error FROM delivery WHERE receiver = ?1 AND error IS NOT NULL AND state <> 1"
      "  ORDER BY id DESC LIMIT 1)"
      " FROM delivery WHERE receiver = ?1");
  if (!row) {
    return unexpected{row.error()};
  }
  const auto found = row->bind(receiver).step();
  if (!found) {
    return unexpected{found.error()};
  }
  QueueCounts counts;
  counts.waiting = static_cast<std::uint64_t>(row->integer(0));
  counts.delivered = static_cast<std::uint64_t>(row->integer(1));
  counts.refused = static_cast<std::uint64_t>(row->integer(2));
  counts.oldest = read_optional_time(*row, 3);
  counts.last_success = read_optional_time(*row, 4);
  if (!row->is_null(5)) {
    counts.last_error = std::string{row->text(5)};
  }
  return counts;
}

Result<std::optional<TimePoint>> AlertQueue::last_event() {
  auto row = database_->prepare("SELECT max(time_us) FROM seen");
  if (!row) {
    return unexpected{row.error()};
  }
  const auto found = row->step();
  if (!found) {
    return unexpected{found.error()};
  }
  return *found ? read_optional_time(*row, 0) : std::nullopt;
}

}  // namespace isthmus::collector
