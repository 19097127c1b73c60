#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/bytes.hpp"
#include "core/base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace isthmus::collector {

/// A prepared statement; lives no longer than its database.
class SqliteStatement {
 public:
  /// Starts over with these values for ?1, ?2, ...: whole numbers, text, Bytes (a blob) and
  /// optionals of them. They are copied. A value that does not fit is reported by the next `step`.
  template <typename... T>
  SqliteStatement& bind(const T&... values) {
    rewind();
    int index = 0;
    (put(++index, values), ...);
    return *this;
  }
  /// Starts over, keeps the values.
  void rewind();
  void put(int index, std::int64_t value);
  void put(int index, std::string_view text);
  void put(int index, Bytes blob);
  void put_null(int index);
  template <typename T>
  void put(int index, const std::optional<T>& value) {
    if (value) {
      put(index, *value);
    } else {
      put_null(index);
    }
  }

  /// Goes to the next row; false behind the last.
  Result<bool> step();
  /// Runs to the end, for statements whose rows do not matter.
  Result<void> run();

  /// Columns of the row, from 0; views are valid until the next step.
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] Bytes blob(int column) const;

 private:
  friend class SqliteDatabase;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  const std::string* path_ = nullptr;
  int failed_ = 0;  ///< the first code of `put` that was not SQLITE_OK
};

enum class SqliteMode : std::uint8_t {
  ReadOnly,  ///< the file must exist
  Wal,     ///< readers and one writer at the same time; each commit is on the disk when it returns
  Single,  ///< one plain file without companions, for exports
};

/// One connection to a database file. Use it from one thread at a time; every error names the file.
class SqliteDatabase {
 public:
  /// Makes the file unless the mode forbids it. A file that is not SQLite's is refused. ReadOnly
  /// reads a file in WAL mode from a folder that cannot be written, too, if it was closed well.
  static Result<SqliteDatabase> open(const std::string& path, SqliteMode mode);

  /// Runs statements that need no values and whose rows do not matter.
  Result<void> execute(const std::string& statements);
  [[nodiscard]] Result<SqliteStatement> prepare(std::string_view statement) const;
  /// The whole number that a statement yields first.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view statement) const;

  /// Runs `step` n of the list in a transaction of its own for each n above the file's version
  /// (PRAGMA user_version), so that a killed migration goes on where it stopped. A file that is
  /// newer than the list, or that is another program's (PRAGMA application_id), is refused.
  Result<void> migrate(std::span<const char* const> steps, std::int32_t application_id);

  /// Refuses every version but this one, for readers, which cannot migrate.
  [[nodiscard]] Result<void> require_version(std::int64_t version,
                                             std::int32_t application_id) const;

  [[nodiscard]] const std::string& path() const { return *path_; }

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  /// `name` is what SQLite is given: the path, or a URI of it.
  static Result<SqliteDatabase> open(const std::string& path, const std::string& name,
                                     SqliteMode mode);
  [[nodiscard]] Result<std::int64_t> check_version(std::int64_t newest,
                                                   std::int32_t application_id) const;

  std::unique_ptr<std::string> path_;  ///< does not move: statements point to it
  std::unique_ptr<sqlite3, Close> database_;
};

/// Rolls back when it goes out of scope before `commit`.
class SqliteTransaction {
 public:
  /// Takes the write lock at once (BEGIN IMMEDIATE), waiting for another writer for some seconds.
  static Result<SqliteTransaction> begin(SqliteDatabase& database);
  Result<void> commit();

  SqliteTransaction(SqliteTransaction&& other) noexcept
      : database_{std::exchange(other.database_, nullptr)} {}
  SqliteTransaction& operator=(SqliteTransaction&&) = delete;
  SqliteTransaction(const SqliteTransaction&) = delete;
  SqliteTransaction& operator=(const SqliteTransaction&) = delete;
  ~SqliteTransaction();

 private:
  explicit SqliteTransaction(SqliteDatabase& database) : database_{&database} {}

  SqliteDatabase* database_;
};

}  // namespace isthmus::collector
