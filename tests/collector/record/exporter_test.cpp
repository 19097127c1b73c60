#include "collector/record/exporter.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include "collector/record/csv.hpp"
#include "collector/record/event_json.hpp"
#include "collector/record/history_schema.hpp"
#include "collector/record/verifier.hpp"
#include "tests/collector/record/samples.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

namespace fs = std::filesystem;

std::string contents(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Every file of a folder by its name.
std::map<std::string, std::string> folder_contents(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator{folder}) {
    files[entry.path().filename().string()] = contents(entry.path().string());
  }
  return files;
}

std::unique_ptr<History> stored(const TemporaryFolder& folder, const HistoryBatch& batch) {
  auto history = open_sqlite_history(folder / "history");
  REQUIRE(history);
  REQUIRE((*history)->store(batch));
  return std::move(*history);
}

ExportFormat any_format() {
  return GENERATE(ExportFormat::Ndjson, ExportFormat::Csv, ExportFormat::Sqlite);
}

}  // namespace

TEST_CASE("an export holds every row, and its check finds nothing wrong") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  const ExportFormat format = any_format();
  const auto manifest = export_history(*history, {}, format, folder / "out/");
  REQUIRE(manifest);
  CHECK(manifest->events == 1);
  CHECK(manifest->routes == 1);
  CHECK(manifest->observations == 2);
  CHECK(manifest->first == sample_interval().from);
  CHECK(manifest->last == plain_observation().time);
  CHECK(manifest->vantage_points == std::vector{data_vantage(), control_vantage()});
  CHECK(manifest->dataset_versions == sample_batch().table_versions);

  const auto report = verify_export(folder / "out");
  REQUIRE(report);
  CHECK(report->problems.empty());
  CHECK(report->files == manifest->files.size());
  CHECK(report->observations == 2);
  // Nothing else is left beside it.
  CHECK(folder_contents(folder / "out").size() == manifest->files.size() + 1);
  CHECK(std::distance(fs::directory_iterator{folder.path()}, {}) == 2);
}

TEST_CASE("the manifest that is written is the one that is returned") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  const HistoryFilter filter{.target = "kp",
                             .prefix = Prefix::parse("175.45.176.0/22"),
                             .upstream = Asn{20485},
                             .from = at("2017-10-01T00:00:00Z"),
                             .until = at("2017-10-02T00:00:00Z"),
                             .limit = 5};
  const auto manifest = export_history(*history, filter, ExportFormat::Ndjson, folder / "out");
  REQUIRE(manifest);
  std::string text;
  append_json(text, *manifest);
  CHECK(contents(folder / "out/manifest.json") == text + "\n");
  const auto back = parse_manifest(text);
  REQUIRE(back);
  CHECK(back->files == manifest->files);
  CHECK(back->filter.prefix == filter.prefix);
  CHECK(back->filter.limit == filter.limit);
  CHECK(back->progress == sample_batch().progress);
}

TEST_CASE("an export as NDJSON is read back line by line") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  REQUIRE(export_history(*history, {}, ExportFormat::Ndjson, folder / "out"));
  const std::string event = contents(folder / "out/events.ndjson");
  CHECK(parse_event(event.substr(0, event.size() - 1)) == sample_event());
  std::ifstream lines{folder / "out/observations.ndjson"};
  std::string line;
  REQUIRE(std::getline(lines, line));
  CHECK(parse_observation(line) == sample_observation());
  REQUIRE(std::getline(lines, line));
  CHECK(parse_observation(line) == plain_observation());
  CHECK_FALSE(std::getline(lines, line));
}

TEST_CASE("an export as CSV has the lines of the CSV writer") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  REQUIRE(export_history(*history, {}, ExportFormat::Csv, folder / "out"));
  std::string expected = csv_header<Event>();
  append_csv(expected, sample_event());
  CHECK(contents(folder / "out/events.csv") == expected);
}

TEST_CASE("an export as SQLite is a history that opens again, in one file") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  REQUIRE(export_history(*history, {}, ExportFormat::Sqlite, folder / "out"));
  const auto again = open_history_file(folder / "out/history.sqlite", SqliteMode::ReadOnly);
  REQUIRE(again);
  CHECK(all_events(**again) == std::vector{sample_event()});
  CHECK(all_intervals(**again) == std::vector{sample_interval()});
  CHECK(all_observations(**again).size() == 2);
  CHECK((*again)->table_versions().value() == sample_batch().table_versions);
  CHECK((*again)->progress().value() == sample_batch().progress);
}

TEST_CASE("the same history gives the same bytes, whatever order it was stored in") {
  const TemporaryFolder folder;
  const TemporaryFolder other;
  const ExportFormat format = any_format();
  const auto history = stored(folder, sample_batch());
  const auto slowly = stored(other, {.observations = {plain_observation()}});
  REQUIRE(
      slowly->store({.intervals = {sample_interval()}, .observations = {sample_observation()}}));
  REQUIRE(slowly->store(sample_batch()));
  REQUIRE(export_history(*history, {}, format, folder / "out"));
  REQUIRE(export_history(*history, {}, format, folder / "again"));
  REQUIRE(export_history(*slowly, {}, format, other / "out"));
  const auto files = folder_contents(folder / "out");
  CHECK(files.contains("manifest.json"));
  CHECK((files == folder_contents(folder / "again")));
  CHECK((files == folder_contents(other / "out")));
}

TEST_CASE("the evidence of an event is exported even where the filter leaves it out") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  // The counter-evidence is younger than the event.
  const HistoryFilter filter{.until = plain_observation().time};
  REQUIRE(all_observations(*history, filter).size() == 1);
  const auto manifest = export_history(*history, filter, ExportFormat::Sqlite, folder / "out");
  REQUIRE(manifest);
  CHECK(manifest->events == 1);
  CHECK(manifest->observations == 2);
  CHECK(verify_export(folder / "out")->problems.empty());
}

TEST_CASE("a filter that lets nothing through gives an export without rows") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  const auto manifest =
      export_history(*history, {.target = "nobody"}, any_format(), folder / "out");
  REQUIRE(manifest);
  CHECK(manifest->events + manifest->routes + manifest->observations == 0);
  CHECK_FALSE(manifest->first);
  CHECK(verify_export(folder / "out")->problems.empty());
}

TEST_CASE("an export does not go over one that is there") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  fs::create_directory(folder / "empty");
  CHECK(export_history(*history, {}, ExportFormat::Ndjson, folder / "empty"));
  const auto before = folder_contents(folder / "empty");
  const auto refused = export_history(*history, {}, ExportFormat::Csv, folder / "empty");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("not empty") != std::string::npos);
  CHECK((folder_contents(folder / "empty") == before));
  CHECK_FALSE(export_history(*history, {}, ExportFormat::Csv, ""));
  CHECK_FALSE(export_history(*history, {}, ExportFormat::Csv, "/"));
  CHECK_FALSE(export_history(*history, {}, ExportFormat::Csv, "/proc/no/such"));
}

TEST_CASE("a history that cannot be read leaves no export behind") {
  const TemporaryFolder folder;
  const auto history = stored(folder, sample_batch());
  {
    auto database = SqliteDatabase::open(folder / "history/catalog.db", SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->execute("UPDATE observation SET body = 'x' WHERE evidence_id = 7"));
  }
  CHECK_FALSE(export_history(*history, {}, any_format(), folder / "out"));
  CHECK(std::distance(fs::directory_iterator{folder.path()}, {}) == 1);
}

TEST_CASE("an export that is killed is whole or not there") {
  const TemporaryFolder folder;
  {
    HistoryBatch batch = sample_batch();
    for (std::uint64_t each = 0; each < 2'000; ++each) {
      batch.observations.push_back(plain_observation());
      batch.observations.back().evidence_id = 1'000 + each;
    }
    stored(folder, batch).reset();
  }
  for (int round = 0; round < 5; ++round) {
    const std::string out = folder / ("out" + std::to_string(round));
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto history = open_sqlite_history(folder / "history");
      ::_exit(history && export_history(**history, {}, ExportFormat::Sqlite, out) ? 0 : 1);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5 + 40 * round});
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    if (fs::exists(out)) {
      CHECK(verify_export(out)->problems.empty());
    } else {
      CHECK(WIFSIGNALED(status));
    }
    // What the killed one left does not stand in the way.
    const auto history = open_sqlite_history(folder / "history");
    REQUIRE(history);
    fs::remove_all(out);
    CHECK(export_history(**history, {}, ExportFormat::Ndjson, out));
  }
}
