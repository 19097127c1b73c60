#include "collector/record/sqlite_database.hpp"

#include <unistd.h>

#include <filesystem>
#include <system_error>

#include <fmt/format.h>
#include <sqlite3.h>

namespace isthmus::collector {
namespace {

constexpr int kBusyMilliseconds = 10'000;

tl::unexpected<Error> failure(const std::string& path, sqlite3* database, std::string_view doing) {
  const int code = sqlite3_extended_errcode(database);
  return fail(fmt::format("{}: {}: {} (SQLite {})", path, doing, sqlite3_errmsg(database), code));
}

/// A database in WAL mode needs companions beside it even to be read. Where none can be made (a
/// read-only medium, another user's folder) and no commits wait in one, the file is all there is.
bool is_left_alone(const std::string& path) {
  std::error_code error;
  const std::filesystem::path file{path};
  const std::string folder = file.has_parent_path() ? file.parent_path().string() : ".";
  const std::filesystem::path log{path + "-wal"};
  const bool logged = std::filesystem::exists(log, error) && !std::filesystem::is_empty(log, error);
  return !logged && !error && ::access(folder.c_str(), W_OK) != 0;
}

/// A name for SQLite that says that nobody writes into the file.
std::string immutable_name(const std::string& path) {
  std::string name = "file:";
  for (const char each : path) {
    if (each == '%' || each == '?' || each == '#') {
      name += fmt::format("%{:02x}", static_cast<unsigned char>(each));
    } else {
      name += each;
    }
  }
  return name + "?immutable=1";
}

}  // namespace

void SqliteStatement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void SqliteDatabase::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

void SqliteStatement::rewind() {
  sqlite3_reset(statement_.get());  // repeats the error of the last step, which was reported then
  failed_ = SQLITE_OK;
}

void SqliteStatement::put(int index, std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), index, value);
  failed_ = failed_ == SQLITE_OK ? code : failed_;
}

void SqliteStatement::put(int index, std::string_view text) {
  // An empty view may have no address, and that would bind NULL.
  const char* data = text.empty() ? "" : text.data();
  const int code = sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_TRANSIENT,
                                       SQLITE_UTF8);
  failed_ = failed_ == SQLITE_OK ? code : failed_;
}

void SqliteStatement::put(int index, Bytes blob) {
  const int code =
      sqlite3_bind_blob64(statement_.get(), index, blob.data(), blob.size(), SQLITE_TRANSIENT);
  failed_ = failed_ == SQLITE_OK ? code : failed_;
}

void SqliteStatement::put_null(int index) {
  const int code = sqlite3_bind_null(statement_.get(), index);
  failed_ = failed_ == SQLITE_OK ? code : failed_;
}

Result<bool> SqliteStatement::step() {
  if (failed_ != SQLITE_OK) {
    return fail(fmt::format("{}: a value cannot be bound: {}", *path_, sqlite3_errstr(failed_)));
  }
  switch (sqlite3_step(statement_.get())) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      sqlite3_reset(statement_.get());
      return false;
    default:
      const auto error = failure(*path_, sqlite3_db_handle(statement_.get()), "cannot run");
      sqlite3_reset(statement_.get());
      return error;
  }
}

Result<void> SqliteStatement::run() {
  while (true) {
    const auto row = step();
    if (!row) {
      return unexpected{row.error()};
    }
    if (!*row) {
      return {};
    }
  }
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

std::int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view SqliteStatement::text(int column) const {
  return as_text(blob(column));
}

Bytes SqliteStatement::blob(int column) const {
  // A text's bytes as a blob are its UTF-8, which is the encoding of all our files.
  const void* data = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr
             ? Bytes{}
             : Bytes{static_cast<const std::byte*>(data), static_cast<std::size_t>(size)};
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, SqliteMode mode) {
  auto opened = open(path, path, mode);
  if (!opened && mode == SqliteMode::ReadOnly && is_left_alone(path)) {
    if (auto alone = open(path, immutable_name(path), mode)) {
      return alone;
    }
  }
  return opened;
}

Result<SqliteDatabase> SqliteDatabase::open(const std::string& path, const std::string& name,
                                            SqliteMode mode) {
  const int flags = (mode == SqliteMode::ReadOnly ? SQLITE_OPEN_READONLY
                                                  : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_EXRESCODE |
                    (name == path ? 0 : SQLITE_OPEN_URI);
  SqliteDatabase opened;
  opened.path_ = std::make_unique<std::string>(path);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  opened.database_.reset(handle);  // must be closed even if opening failed
  if (code != SQLITE_OK) {
    return handle == nullptr ? fail(path + ": no memory to open it")
                             : failure(path, handle, "cannot open");
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  // FULL, not NORMAL: a probe forgets what we have acknowledged, so a commit must outlive a power
  // cut. It costs one fsync for each batch.
  const char* settings = mode == SqliteMode::Wal
                             ? "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                               "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"
                             : "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF";
  if (auto set = opened.execute(settings); !set) {
    return unexpected{set.error()};
  }
  // SQLite reads a file only when it must: look now, so that a damaged one is refused here.
  if (const auto read = opened.integer("SELECT count(*) FROM sqlite_schema"); !read) {
    return unexpected{read.error()};
  }
  return opened;
}

Result<void> SqliteDatabase::execute(const std::string& statements) {
  if (sqlite3_exec(database_.get(), statements.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return failure(*path_, database_.get(), "cannot run");
  }
  return {};
}

Result<SqliteStatement> SqliteDatabase::prepare(std::string_view statement) const {
  SqliteStatement prepared;
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), statement.data(),
                                      static_cast<int>(statement.size()), 0, &handle, nullptr);
  if (code != SQLITE_OK) {
    return failure(*path_, database_.get(), "cannot prepare");
  }
  prepared.statement_.reset(handle);
  prepared.path_ = path_.get();
  return prepared;
}

Result<std::int64_t> SqliteDatabase::integer(std::string_view statement) const {
  auto prepared = prepare(statement);
  if (!prepared) {
    return unexpected{prepared.error()};
  }
  const auto row = prepared->step();
  if (!row) {
    return unexpected{row.error()};
  }
  if (!*row) {
    return fail(fmt::format("{}: no answer to '{}'", *path_, statement));
  }
  return prepared->integer(0);
}

Result<std::int64_t> SqliteDatabase::check_version(std::int64_t newest,
                                                   std::int32_t application_id) const {
  auto version = integer("PRAGMA user_version");
  const auto owner = integer("PRAGMA application_id");
  const auto objects = integer("SELECT count(*) FROM sqlite_schema");
  for (const Result<std::int64_t>& each : {version, owner, objects}) {
    if (!each) {
      return unexpected{each.error()};
    }
  }
  if (*objects > 0 && *owner != application_id) {
    return fail(*path_ + ": this SQLite file belongs to another program");
  }
  if (*version > newest || *version < 0) {
    return fail(
        fmt::format("{}: its schema version {} is newer than {}, the newest that this "
                    "program knows: use the program that wrote it, or a newer one",
                    *path_, *version, newest));
  }
  return version;
}

Result<void> SqliteDatabase::require_version(std::int64_t version,
                                             std::int32_t application_id) const {
  const auto found = check_version(version, application_id);
  if (!found) {
    return unexpected{found.error()};
  }
  if (*found != version) {
    return fail(
        fmt::format("{}: its schema version is {}, but {} is needed: open it once with the "
                    "collector, which migrates it",
                    *path_, *found, version));
  }
  return {};
}

Result<void> SqliteDatabase::migrate(std::span<const char* const> steps,
                                     std::int32_t application_id) {
  const auto newest = static_cast<std::int64_t>(steps.size());
  while (true) {
    auto version = check_version(newest, application_id);
    if (!version) {
      return unexpected{version.error()};
    }
    if (*version == newest) {
      return {};
    }
    auto transaction = SqliteTransaction::begin(*this);
    if (!transaction) {
      return unexpected{transaction.error()};
    }
    // Another process may have been faster.
    version = check_version(newest, application_id);
    if (!version) {
      return unexpected{version.error()};
    }
    if (*version == newest) {
      return {};
    }
    const auto next = static_cast<std::size_t>(*version);
    auto changed = execute(fmt::format("{};PRAGMA application_id = {};PRAGMA user_version = {}",
                                       steps[next], application_id, next + 1));
    if (changed) {
      changed = transaction->commit();
    }
    if (!changed) {
      return unexpected{changed.error().within(fmt::format("migration to schema {}", next + 1))};
    }
  }
}

Result<SqliteTransaction> SqliteTransaction::begin(SqliteDatabase& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) {
    return unexpected{begun.error()};
  }
  return SqliteTransaction{database};
}

Result<void> SqliteTransaction::commit() {
  auto done = database_->execute("COMMIT");
  if (done) {
    database_ = nullptr;
  }
  return done;
}

SqliteTransaction::~SqliteTransaction() {
  if (database_ != nullptr) {
    // SQLite may have rolled back by itself (a full disk): then this fails, and nothing is lost.
    static_cast<void>(database_->execute("ROLLBACK"));
  }
}

}  // namespace isthmus::collector
