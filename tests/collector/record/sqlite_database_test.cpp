#include "collector/record/sqlite_database.hpp"

#include <array>
#include <fstream>

#include "tests/collector/record/samples.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

constexpr std::int32_t kOwner = 42;
constexpr std::array<const char*, 1> kFirst{"CREATE TABLE road (name TEXT)"};
constexpr std::array<const char*, 2> kSecond{
    "CREATE TABLE road (name TEXT)",
    "ALTER TABLE road ADD COLUMN length INTEGER DEFAULT 9; UPDATE road SET name = name || '!'"};

}  // namespace

TEST_CASE("an older schema is migrated with what it holds") {
  const TemporaryFolder folder;
  {
    auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->migrate(kFirst, kOwner));
    REQUIRE(database->execute("INSERT INTO road VALUES ('silk')"));
  }
  for (int round = 0; round < 2; ++round) {
    auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->migrate(kSecond, kOwner));
    CHECK(database->integer("SELECT length FROM road WHERE name = 'silk!'") == 9);
    CHECK(database->integer("PRAGMA user_version") == 2);
  }
}

TEST_CASE("a newer schema is refused with the way out, and not touched") {
  const TemporaryFolder folder;
  auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Wal);
  REQUIRE(database);
  REQUIRE(database->migrate(kSecond, kOwner));
  const auto refused = database->migrate(kFirst, kOwner);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("schema version 2 is newer than 1") != std::string::npos);
  CHECK(refused.error().message.find(folder / "a.db") != std::string::npos);
  CHECK(database->integer("PRAGMA user_version") == 2);
}

TEST_CASE("a migration that fails leaves the schema before it") {
  constexpr std::array<const char*, 2> kBroken{"CREATE TABLE road (name TEXT)",
                                               "DROP TABLE road; CREATE TABEL typo (x)"};
  const TemporaryFolder folder;
  auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Wal);
  REQUIRE(database);
  CHECK_FALSE(database->migrate(kBroken, kOwner));
  CHECK(database->integer("PRAGMA user_version") == 1);
  CHECK(database->integer("SELECT count(*) FROM road") == 0);
}

TEST_CASE("another program's database is not ours to migrate") {
  const TemporaryFolder folder;
  auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Wal);
  REQUIRE(database);
  REQUIRE(database->execute("CREATE TABLE bookmarks (url TEXT)"));
  const auto refused = database->migrate(kFirst, kOwner);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("another program") != std::string::npos);
}

TEST_CASE("a file that is not SQLite's is refused when it is opened") {
  const TemporaryFolder folder;
  std::ofstream{folder / "a.db"} << std::string(8'192, 'x');
  const auto refused = SqliteDatabase::open(folder / "a.db", SqliteMode::Wal);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("not a database") != std::string::npos);
  CHECK_FALSE(SqliteDatabase::open(folder / "absent.db", SqliteMode::ReadOnly));
  CHECK_FALSE(SqliteDatabase::open(folder / "no/such/folder.db", SqliteMode::Wal));
}

TEST_CASE("values come back as they were bound") {
  const TemporaryFolder folder;
  auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Single);
  REQUIRE(database);
  auto echo = database->prepare("SELECT ?, ?, ?, ?, typeof(?2)");
  REQUIRE(echo);
  const std::string text{"a\0b", 3};
  const std::array<std::byte, 3> octets{std::byte{0}, std::byte{255}, std::byte{1}};
  echo->bind(std::int64_t{INT64_MIN}, text, Bytes{octets}, std::optional<std::int64_t>{});
  REQUIRE(echo->step() == true);
  CHECK(echo->integer(0) == INT64_MIN);
  CHECK(echo->text(1) == text);
  CHECK(as_text(echo->blob(2)) == as_text(Bytes{octets}));
  CHECK(echo->is_null(3));
  CHECK(echo->text(4) == "text");
  CHECK(echo->step() == false);
  echo->bind(std::int64_t{1}, std::string_view{});
  REQUIRE(echo->step() == true);
  CHECK_FALSE(echo->is_null(1));
}

TEST_CASE("a value too many is an error of the next step") {
  const TemporaryFolder folder;
  auto database = SqliteDatabase::open(folder / "a.db", SqliteMode::Single);
  REQUIRE(database);
  auto statement = database->prepare("SELECT ?");
  REQUIRE(statement);
  CHECK_FALSE(statement->bind(std::int64_t{1}, std::int64_t{2}).step());
  CHECK(statement->bind(std::int64_t{1}).step() == true);
  CHECK_FALSE(database->prepare("SELEKT 1"));
}
