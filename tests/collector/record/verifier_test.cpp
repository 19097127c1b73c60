#include "collector/record/verifier.hpp"

#include <chrono>
#include <fstream>

#include "collector/record/exporter.hpp"
#include "collector/record/history_schema.hpp"
#include "tests/collector/record/samples.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

/// What is found in a history that holds this, after somebody changed it.
std::vector<std::string> problems_of(const HistoryBatch& batch, const std::string& change = "") {
  const TemporaryFolder folder;
  auto history = open_sqlite_history(folder / "history");
  REQUIRE(history);
  REQUIRE((*history)->store(batch));
  auto database = SqliteDatabase::open(folder / "history/catalog.db", SqliteMode::Wal);
  REQUIRE(database);
  REQUIRE(database->execute(change));
  const auto report = verify_history(folder / "history");
  REQUIRE(report);
  CHECK(report->events == batch.events.size());
  CHECK(report->routes == batch.intervals.size());
  CHECK(report->observations == batch.observations.size());
  CHECK(report->ok() == report->problems.empty());
  return report->problems;
}

bool mentions(const std::vector<std::string>& problems, const std::string& words) {
  return problems.size() == 1 && problems[0].find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("a history that is right has no problems") {
  CHECK(problems_of(sample_batch()).empty());
  CHECK(problems_of({}).empty());
}

TEST_CASE("evidence that is missing is found") {
  HistoryBatch batch = sample_batch();
  batch.observations.pop_back();
  CHECK(mentions(problems_of(batch), "the evidence 0000000000000007 of its counter-evidence"));
}

TEST_CASE("a witness of a leak has no observation, and none is missed") {
  HistoryBatch batch = sample_batch();
  REQUIRE_FALSE(batch.events[0].witnesses.empty());
  batch.events[0].witnesses[0].evidence_id = 0;
  CHECK(problems_of(batch).empty());
}

TEST_CASE("a score that is not the sum of its terms is found") {
  HistoryBatch batch = sample_batch();
  batch.events[0].score += 1e-7;
  CHECK(problems_of(batch).empty());
  batch.events[0].score += 1e-5;
  CHECK(mentions(problems_of(batch), "its terms add up to 2.302585092994"));
  batch.events[0].score = std::numeric_limits<double>::quiet_NaN();
  CHECK(mentions(problems_of(batch), "its score is nan"));
}

TEST_CASE("an identity that is no ULID, or of another time, is found") {
  HistoryBatch batch = sample_batch();
  batch.events[0].time += std::chrono::milliseconds{1};
  CHECK(mentions(problems_of(batch), "of another time"));
  for (const char* id : {"", "01BVBK24JR0123456789ABCDE", "81BVBK24JR0123456789ABCDEF",
                         "01BVBK24JR0123456789ABCDEU", "01bvbk24jr0123456789abcdef"}) {
    batch = sample_batch();
    batch.events[0].id = id;
    CHECK(mentions(problems_of(batch), "not a ULID"));
  }
}

TEST_CASE("intervals of one vantage point and prefix that overlap are found") {
  HistoryBatch batch = sample_batch();
  RouteInterval next = sample_interval();
  next.from += std::chrono::hours{1};
  batch.intervals.push_back(next);
  CHECK(problems_of(batch).empty());
  CHECK(mentions(problems_of(batch, "UPDATE route_interval SET until_us = NULL"),
                 "overlaps the one from 2017-10-01T00:00:00Z until now"));
  CHECK(mentions(problems_of(batch, "UPDATE route_interval SET until_us = until_us + 1"),
                 "overlaps"));
  batch.intervals[0].until.reset();
  batch.intervals[1].vantage.address = *IpAddress::parse("2001:db8::2");
  CHECK(problems_of(batch).empty());
}

TEST_CASE("an interval that ends before it begins is found") {
  HistoryBatch batch = sample_batch();
  batch.intervals[0].until = batch.intervals[0].from - Duration{1};
  CHECK(mentions(problems_of(batch), "ends before it begins"));
}

TEST_CASE("without a history there is nothing to verify") {
  const TemporaryFolder folder;
  CHECK_FALSE(verify_history(folder.path()));
  CHECK_FALSE(verify_history(folder / "absent"));
  CHECK_FALSE(verify_export(folder.path()));
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a damaged or foreign history is a report with problems") {
  const TemporaryFolder folder;
  const std::string file = folder / "catalog.db";
  std::uintmax_t size = 0;
  {
    auto history = open_sqlite_history(folder.path());
    REQUIRE(history);
    HistoryBatch batch = sample_batch();
    for (std::uint64_t each = 0; each < 300; ++each) {
      batch.observations.push_back(plain_observation());
      batch.observations.back().evidence_id = 1'000 + each;
    }
    REQUIRE((*history)->store(batch));
  }
  size = std::filesystem::file_size(file);
  SECTION("with a page of zeros") {
    std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
    out.seekp(static_cast<std::streamoff>(size - 4'096));
    out << std::string(4'096, '\0');
  }
  SECTION("that is not SQLite's") {
    std::ofstream{file} << "Dear diary";
  }
  SECTION("of a newer schema") {
    auto database = SqliteDatabase::open(file, SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 2"));
  }
  SECTION("of an older schema") {
    auto database = SqliteDatabase::open(file, SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 0"));
  }
  SECTION("with a row that refers to none") {
    auto database = SqliteDatabase::open(file, SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA foreign_keys = OFF; DELETE FROM path"));
  }
  const auto report = verify_history(folder.path());
  REQUIRE(report);
  CHECK_FALSE(report->ok());
}

TEST_CASE("every change to an export is found") {
  const TemporaryFolder folder;
  auto history = open_sqlite_history(folder / "history");
  REQUIRE(history);
  REQUIRE((*history)->store(sample_batch()));
  const auto format = GENERATE(ExportFormat::Ndjson, ExportFormat::Csv, ExportFormat::Sqlite);
  const auto manifest = export_history(**history, {}, format, folder / "out");
  REQUIRE(manifest);
  REQUIRE(verify_export(folder / "out")->ok());
  const std::string victim = folder / ("out/" + manifest->files.back().name);
  const auto found = [&] { return verify_export(folder / "out")->problems; };

  SECTION("one bit") {
    std::fstream out{victim, std::ios::in | std::ios::out | std::ios::binary};
    out.seekg(20);
    const auto before = static_cast<char>(out.get());
    out.seekp(20);
    out.put(static_cast<char>(before ^ 1));
    out.close();
    CHECK(found()[0].find("its SHA-256 is") != std::string::npos);
  }
  SECTION("a line more") {
    std::ofstream{victim, std::ios::app} << "{}\n";
    CHECK(found()[0].find(" bytes, not ") != std::string::npos);
  }
  SECTION("a file too many") {
    std::ofstream{folder / "out/extra.csv"} << "a";
    CHECK(mentions(found(), "extra.csv: the manifest does not know this file"));
  }
  SECTION("a file too few") {
    std::filesystem::remove(victim);
    CHECK(found()[0].find("cannot open") != std::string::npos);
  }
}

TEST_CASE("a manifest from outside cannot lead to files elsewhere") {
  const TemporaryFolder folder;
  std::ofstream{folder / "outside"} << "secret";
  std::filesystem::create_directory(folder / "out");
  ExportManifest manifest{.generator = "test", .format = "ndjson"};
  for (const char* name : {"../outside", "/etc/passwd", "..", ""}) {
    manifest.files.push_back({name, *digest_file(folder / "outside")});
  }
  std::filesystem::create_symlink(folder / "outside", folder / "out/events.ndjson");
  manifest.files.push_back({"events.ndjson", *digest_file(folder / "outside")});
  std::string text;
  append_json(text, manifest);
  std::ofstream{folder / "out/manifest.json"} << text;
  const auto report = verify_export(folder / "out");
  REQUIRE(report);
  CHECK(report->files == 0);
  CHECK(report->problems.size() >= 5);
}

TEST_CASE("a manifest that is torn or of a newer format is an error") {
  const TemporaryFolder folder;
  std::string text;
  append_json(text, ExportManifest{.generator = "test", .format = "ndjson"});
  std::ofstream{folder / "manifest.json"} << text.substr(0, text.size() / 2);
  CHECK_FALSE(verify_export(folder.path()));
  text.replace(text.find(":1"), 2, ":2");
  std::ofstream{folder / "manifest.json"} << text;
  const auto report = verify_export(folder.path());
  REQUIRE_FALSE(report);
  CHECK(report.error().message.find("format_version 2 is not known") != std::string::npos);
}

TEST_CASE("a great many problems are counted, not all told") {
  const TemporaryFolder folder;
  auto history = open_sqlite_history(folder.path());
  REQUIRE(history);
  HistoryBatch batch;
  for (int each = 0; each < 1'500; ++each) {
    batch.intervals.push_back(sample_interval());
    batch.intervals.back().from += std::chrono::seconds{each};
    batch.intervals.back().until = sample_interval().from - Duration{1};
  }
  REQUIRE((*history)->store(batch));
  const auto report = verify_history(folder.path());
  REQUIRE(report);
  CHECK(report->problems.size() == 1'000);
  CHECK(report->problems_untold == 500);
}
