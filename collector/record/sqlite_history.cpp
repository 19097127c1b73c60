#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include <fmt/format.h>

#include "collector/record/event_json.hpp"
#include "collector/record/history_query.hpp"
#include "collector/record/history_schema.hpp"
#include "collector/record/history_writer.hpp"

namespace isthmus::collector {
namespace {

/// The columns of a row of HistoryQuery::intervals, in order.
class IntervalRow {
 public:
  explicit IntervalRow(const SqliteStatement& row) : row_{&row} {}

  /// Nothing if a column holds what we never write.
  [[nodiscard]] std::optional<RouteInterval> read() const {
    const auto prefix_address = address(1, 2);
    const auto vantage_address = address(6, 7);
    const auto plane = plane_at(4);
    const auto verdict = verdict_at(9);
    const auto length = row_->integer(3);
    if (!prefix_address || !vantage_address || !plane || !verdict || length < 0 ||
        length > address_bits(prefix_address->family())) {
      return std::nullopt;
    }
    return RouteInterval{.target = std::string{row_->text(0)},
                         .prefix = Prefix::covering(*prefix_address, static_cast<unsigned>(length)),
                         .vantage = {.plane = *plane,
                                     .source = std::string{row_->text(5)},
                                     .address = *vantage_address,
                                     .asn = asn(8)},
                         .verdict = *verdict,
                         .upstream = row_->is_null(10) ? std::nullopt : std::optional{asn(10)},
                         .path = std::string{row_->text(11)},
                         .from = time(12),
                         .until = row_->is_null(13) ? std::nullopt : std::optional{time(13)}};
  }

 private:
  [[nodiscard]] std::optional<IpAddress> address(int family, int octets) const {
    const std::int64_t number = row_->integer(family);
    const Bytes bytes = row_->blob(octets);
    if ((number != 1 && number != 2) || bytes.size() != 16) {
      return std::nullopt;
    }
    const auto which = static_cast<Family>(number);
    return IpAddress::from_bytes(which, bytes.first(address_octets(which)));
  }
  [[nodiscard]] std::optional<Plane> plane_at(int column) const {
    for (const Plane plane : {Plane::Data, Plane::Control}) {
      if (row_->text(column) == to_string(plane)) {
        return plane;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Verdict> verdict_at(int column) const {
    for (const Verdict verdict : {Verdict::Upstream, Verdict::Unreachable, Verdict::Inconclusive}) {
      if (row_->text(column) == to_string(verdict)) {
        return verdict;
      }
    }
    return std::nullopt;
  }
  [[nodiscard]] Asn asn(int column) const {
    return {static_cast<std::uint32_t>(row_->integer(column))};
  }
  [[nodiscard]] TimePoint time(int column) const {
    return TimePoint{Duration{row_->integer(column)}};
  }

  const SqliteStatement* row_;
};

/// Runs through the rows that `read` can make a value of, until the callback or the limit ends it.
template <typename T, typename Read>
Result<void> deliver(Result<SqliteStatement> statement, const HistoryFilter& filter,
                     const Read& read, const std::function<bool(const T&)>& each) {
  if (!statement) {
    return unexpected{statement.error()};
  }
  for (std::uint64_t left = filter.limit.value_or(UINT64_MAX); left > 0;) {
    const auto row = statement->step();
    if (!row) {
      return unexpected{row.error()};
    }
    if (!*row) {
      break;
    }
    const Result<std::optional<T>> value = read(*statement);
    if (!value) {
      return unexpected{value.error()};
    }
    if (!*value) {
      continue;
    }
    if (!each(**value)) {
      break;
    }
    --left;
  }
  return {};
}

class SqliteHistory final : public History {
 public:
  SqliteHistory(SqliteDatabase database, std::optional<HistoryWriter> writer)
      : database_{std::move(database)},
        writer_{std::move(writer)} {}

  Result<void> store(const HistoryBatch& batch) override;
  Result<void> events(const HistoryFilter& filter,
                      const std::function<bool(const Event&)>& each) const override;
  Result<void> intervals(const HistoryFilter& filter,
                         const std::function<bool(const RouteInterval&)>& each) const override;
  Result<void> observations(const HistoryFilter& filter,
                            const std::function<bool(const Observation&)>& each) const override;
  [[nodiscard]] Result<std::optional<Event>> event(const std::string& id) const override;
  [[nodiscard]] Result<std::optional<Observation>> observation(
      std::uint64_t evidence_id) const override;
  [[nodiscard]] Result<std::vector<NamedValue>> table_versions() const override;
  [[nodiscard]] Result<std::optional<TimePoint>> progress() const override;

 private:
  [[nodiscard]] tl::unexpected<Error> damaged(const std::string& what, const Error& why) const {
    return fail(fmt::format("{}: {} cannot be read: {}", database_.path(), what, why.message));
  }
  [[nodiscard]] Result<std::optional<Event>> read_event(const SqliteStatement& row) const {
    auto event = parse_event(row.text(1));
    if (!event) {
      return damaged(fmt::format("event {}", row.text(0)), event.error());
    }
    return std::move(*event);
  }
  [[nodiscard]] Result<std::optional<Observation>> read_observation(
      const SqliteStatement& row) const {
    auto observation = parse_observation(row.text(1));
    if (!observation) {
      return damaged(fmt::format("observation {:016x}", static_cast<std::uint64_t>(row.integer(0))),
                     observation.error());
    }
    return std::move(*observation);
  }

  SqliteDatabase database_;
  std::optional<HistoryWriter> writer_;  ///< none if opened for reading only
};

Result<void> SqliteHistory::store(const HistoryBatch& batch) {
  if (!writer_) {
    return fail(database_.path() + ": opened for reading only");
  }
  auto transaction = SqliteTransaction::begin(database_);
  if (!transaction) {
    return unexpected{transaction.error()};
  }
  auto done = writer_->write(batch);
  if (done) {
    done = transaction->commit();
  }
  if (!done) {
    writer_->forget();
  }
  return done;
}

Result<void> SqliteHistory::events(const HistoryFilter& filter,
                                   const std::function<bool(const Event&)>& each) const {
  const auto read = [this](const SqliteStatement& row) { return read_event(row); };
  return deliver<Event>(HistoryQuery::events(filter).prepare(database_), filter, read, each);
}

Result<void> SqliteHistory::intervals(const HistoryFilter& filter,
                                      const std::function<bool(const RouteInterval&)>& each) const {
  const auto read = [this](const SqliteStatement& row) -> Result<std::optional<RouteInterval>> {
    auto interval = IntervalRow{row}.read();
    if (!interval) {
      return damaged("a route interval", Error{"a column holds what is never written"});
    }
    return interval;
  };
  return deliver<RouteInterval>(HistoryQuery::intervals(filter).prepare(database_), filter, read,
                                each);
}

Result<void> SqliteHistory::observations(
    const HistoryFilter& filter, const std::function<bool(const Observation&)>& each) const {
  const auto read = [&](const SqliteStatement& row) -> Result<std::optional<Observation>> {
    auto found = read_observation(row);
    if (found && *found && filter.plane && (*found)->vantage.plane != *filter.plane) {
      found->reset();
    }
    if (found && *found && filter.upstream) {
      const auto& upstreams = (*found)->upstreams;
      if (std::find(upstreams.begin(), upstreams.end(), *filter.upstream) == upstreams.end()) {
        found->reset();
      }
    }
    return found;
  };
  return deliver<Observation>(HistoryQuery::observations(filter).prepare(database_), filter, read,
                              each);
}

Result<std::optional<Event>> SqliteHistory::event(const std::string& id) const {
  auto found = database_.prepare("SELECT id, body FROM event WHERE id = ?");
  if (!found) {
    return unexpected{found.error()};
  }
  const auto row = found->bind(id).step();
  if (!row) {
    return unexpected{row.error()};
  }
  return *row ? read_event(*found) : Result<std::optional<Event>>{std::nullopt};
}

Result<std::optional<Observation>> SqliteHistory::observation(std::uint64_t evidence_id) const {
  auto found = database_.prepare(
      "SELECT evidence_id, body FROM observation JOIN watched_prefix AS p ON p.id = prefix_id"
      " WHERE evidence_id = ? ORDER BY target, p.family, p.address, p.length");
  if (!found) {
    return unexpected{found.error()};
  }
  const auto row = found->bind(static_cast<std::int64_t>(evidence_id)).step();
  if (!row) {
    return unexpected{row.error()};
  }
  return *row ? read_observation(*found) : Result<std::optional<Observation>>{std::nullopt};
}

Result<std::vector<NamedValue>> SqliteHistory::table_versions() const {
  auto rows = database_.prepare("SELECT name, value FROM table_version ORDER BY name");
  if (!rows) {
    return unexpected{rows.error()};
  }
  std::vector<NamedValue> versions;
  while (true) {
    const auto row = rows->step();
    if (!row) {
      return unexpected{row.error()};
    }
    if (!*row) {
      return versions;
    }
    versions.push_back({std::string{rows->text(0)}, std::string{rows->text(1)}});
  }
}

Result<std::optional<TimePoint>> SqliteHistory::progress() const {
  auto found = database_.prepare("SELECT value FROM meta WHERE name = 'progress_us'");
  if (!found) {
    return unexpected{found.error()};
  }
  const auto row = found->step();
  if (!row) {
    return unexpected{row.error()};
  }
  return *row ? std::optional{TimePoint{Duration{found->integer(0)}}} : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<History>> open_history_file(const std::string& path, SqliteMode mode) {
  auto database = SqliteDatabase::open(path, mode);
  if (!database) {
    return unexpected{database.error()};
  }
  std::optional<HistoryWriter> writer;
  if (mode == SqliteMode::ReadOnly) {
    if (auto checked = database->require_version(kHistorySchemaVersion, kHistoryApplication);
        !checked) {
      return unexpected{checked.error()};
    }
  } else {
    if (auto migrated = database->migrate(history_migrations(), kHistoryApplication); !migrated) {
      return unexpected{migrated.error()};
    }
    auto prepared = HistoryWriter::prepare(*database);
    if (!prepared) {
      return unexpected{prepared.error()};
    }
    writer = std::move(*prepared);
  }
  return std::make_unique<SqliteHistory>(std::move(*database), std::move(writer));
}

Result<std::unique_ptr<History>> open_sqlite_history(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(fmt::format("{}: cannot make the folder: {}", folder, error.message()));
  }
  return open_history_file((std::filesystem::path{folder} / kCatalogName).string(),
                           SqliteMode::Wal);
}

Result<std::unique_ptr<History>> open_sqlite_history_to_read(const std::string& folder) {
  return open_history_file((std::filesystem::path{folder} / kCatalogName).string(),
                           SqliteMode::ReadOnly);
}

}  // namespace isthmus::collector
