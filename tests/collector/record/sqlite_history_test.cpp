#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include "collector/record/history_schema.hpp"
#include "tests/collector/record/samples.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

std::unique_ptr<History> opened(const TemporaryFolder& folder) {
  auto history = open_sqlite_history(folder / "history");
  REQUIRE(history);
  return std::move(*history);
}

/// Every table as text, to tell whether anything changed.
std::int64_t fingerprint(const TemporaryFolder& folder) {
  const auto database = SqliteDatabase::open(folder / "history/catalog.db", SqliteMode::ReadOnly);
  REQUIRE(database);
  std::int64_t value = 0;
  for (const std::string table : {"route_interval", "event", "event_prefix", "observation", "path",
                                  "watched_prefix", "vantage_point"}) {
    value = value * 31 + *database->integer("SELECT count(*) FROM " + table);
  }
  return value;
}

}  // namespace

TEST_CASE("what is stored comes back, also after the history was closed") {
  const TemporaryFolder folder;
  auto history = opened(folder);
  REQUIRE(history->store(sample_batch()));
  for (int round = 0; round < 2; ++round) {
    CHECK(all_events(*history) == std::vector{sample_event()});
    CHECK(all_intervals(*history) == std::vector{sample_interval()});
    CHECK(all_observations(*history) == std::vector{sample_observation(), plain_observation()});
    CHECK(history->event(sample_event().id).value() == std::optional{sample_event()});
    CHECK(history->observation(0xfedcba9876543210).value() == std::optional{sample_observation()});
    CHECK(history->table_versions().value() == sample_batch().table_versions);
    CHECK(history->progress().value() == sample_batch().progress);
    history.reset();
    history = opened(folder);
  }
}

TEST_CASE("a new history knows nothing") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  CHECK(history->progress().value() == std::optional<TimePoint>{});
  CHECK(history->event("01BVBK24JR0123456789ABCDEF").value() == std::optional<Event>{});
  CHECK(history->observation(0).value() == std::optional<Observation>{});
  CHECK(history->table_versions()->empty());
  CHECK(all_events(*history).empty());
}

TEST_CASE("storing a batch again changes nothing") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  REQUIRE(history->store(sample_batch()));
  const auto before = fingerprint(folder);
  REQUIRE(history->store(sample_batch()));
  REQUIRE(history->store(sample_batch()));
  CHECK(fingerprint(folder) == before);
  CHECK(all_events(*history) == std::vector{sample_event()});
  CHECK(all_intervals(*history) == std::vector{sample_interval()});
  CHECK(all_observations(*history).size() == 2);
}

TEST_CASE("an open interval is replaced by its closed form, and not opened again") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  const RouteInterval open = sample_interval();
  RouteInterval closed = open;
  closed.until = at("2017-10-01T09:07:51Z");
  REQUIRE(history->store({.intervals = {open}}));
  REQUIRE(history->store({.intervals = {closed}}));
  CHECK(all_intervals(*history) == std::vector{closed});
  REQUIRE(history->store({.intervals = {open}}));
  CHECK(all_intervals(*history) == std::vector{closed});
}

TEST_CASE("of several routes of one instant the last one stays") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  RouteInterval first = sample_interval();
  first.path = "64496 4837 131279";
  first.until.reset();
  RouteInterval brief = first;
  brief.until = first.from;
  RouteInterval last = first;
  last.path = "64496 20485 131279";
  last.upstream = Asn{20485};
  const HistoryBatch instant{.intervals = {first, brief, last}};
  REQUIRE(history->store(instant));
  CHECK(all_intervals(*history) == std::vector{last});
  RouteInterval closed = last;
  closed.until = last.from + std::chrono::minutes{5};
  REQUIRE(history->store({.intervals = {closed}}));
  REQUIRE(history->store(instant));
  CHECK(all_intervals(*history) == std::vector{closed});
}

TEST_CASE("an interval ends where the next one begins, whichever part of the archives came first") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  RouteInterval early = sample_interval();
  early.until.reset();
  RouteInterval late = early;
  late.from += std::chrono::hours{24};
  RouteInterval between = early;
  between.from += std::chrono::hours{12};
  RouteInterval other = early;
  other.vantage.asn = Asn{64511};
  const auto ended = [](RouteInterval interval, TimePoint until) {
    interval.until = until;
    return interval;
  };
  const std::vector parts{HistoryBatch{.intervals = {early}}, HistoryBatch{.intervals = {between}},
                          HistoryBatch{.intervals = {ended(early, late.from)}},
                          HistoryBatch{.intervals = {late}}, HistoryBatch{.intervals = {other}}};
  const std::vector orders{
      std::vector<std::size_t>{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {3, 0, 4, 1, 2}};
  for (const auto& order : orders) {
    for (const std::size_t part : order) {
      REQUIRE(history->store(parts[part]));
    }
    std::vector wanted{ended(early, between.from), ended(between, late.from), late, other};
    std::sort(wanted.begin(), wanted.end(), [](const auto& left, const auto& right) {
      return std::pair{left.vantage, left.from} < std::pair{right.vantage, right.from};
    });
    CHECK(all_intervals(*history) == wanted);
  }
  const TemporaryFolder fresh;
  const auto backwards = opened(fresh);
  for (const std::size_t part : {3U, 1U, 0U, 4U}) {
    REQUIRE(backwards->store(parts[part]));
  }
  CHECK(all_intervals(*backwards) == all_intervals(*history));
}

TEST_CASE("a later copy of an observation does not replace the first") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  Observation copy = plain_observation();
  copy.receive_time += std::chrono::hours{1};
  REQUIRE(history->store({.observations = {plain_observation(), copy}}));
  REQUIRE(history->store({.observations = {copy}}));
  CHECK(all_observations(*history) == std::vector{plain_observation()});
}

TEST_CASE("one record can be evidence for two targets") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  Observation other = plain_observation();
  other.target = "another";
  REQUIRE(history->store({.observations = {plain_observation(), other}}));
  CHECK(all_observations(*history) == std::vector{other, plain_observation()});
  CHECK(history->observation(7).value() == std::optional{other});
}

TEST_CASE("progress does not go back when an older batch is stored again") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  REQUIRE(history->store({.progress = at("2017-10-01T12:00:00Z")}));
  REQUIRE(history->store({.progress = at("2017-10-01T11:00:00Z")}));
  CHECK(history->progress().value() == std::optional{at("2017-10-01T12:00:00Z")});
}

TEST_CASE("a changed event loses the prefixes that it no longer names") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  Event event = sample_event();
  REQUIRE(history->store({.events = {event}}));
  event.prefixes = {{*Prefix::parse("2001:db8::/32"), 0, 1}};
  REQUIRE(history->store({.events = {event}}));
  CHECK(all_events(*history, {.prefix = Prefix::parse("175.45.176.0/22")}).empty());
  CHECK(all_events(*history, {.prefix = Prefix::parse("::/0")}) == std::vector{event});
}

TEST_CASE("a filter by prefix finds its more specifics, of its family only") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  REQUIRE(history->store(sample_batch()));
  const auto found = [&](const char* prefix) {
    const HistoryFilter filter{.prefix = Prefix::parse(prefix)};
    return std::array{all_events(*history, filter).size(), all_intervals(*history, filter).size(),
                      all_observations(*history, filter).size()};
  };
  CHECK(found("175.45.176.0/22") == std::array<std::size_t, 3>{1, 1, 1});
  CHECK(found("175.45.176.0/24") == std::array<std::size_t, 3>{1, 1, 1});
  CHECK(found("0.0.0.0/0") == std::array<std::size_t, 3>{1, 1, 1});
  CHECK(found("175.45.176.0/25") == std::array<std::size_t, 3>{0, 0, 0});
  CHECK(found("175.45.177.0/24") == std::array<std::size_t, 3>{0, 0, 0});
  CHECK(found("::/0") == std::array<std::size_t, 3>{0, 0, 1});
  CHECK(found("2001:db8::/32") == std::array<std::size_t, 3>{0, 0, 1});
}

TEST_CASE("filters by target, upstream and limit restrict what is told") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  REQUIRE(history->store(sample_batch()));
  CHECK(all_events(*history, {.target = "kp"}).size() == 1);
  CHECK(all_observations(*history, {.target = "kp"}) == std::vector{plain_observation()});
  CHECK(all_events(*history, {.target = "k"}).empty());
  CHECK(all_events(*history, {.upstream = Asn{20485}}).size() == 1);
  CHECK(all_events(*history, {.upstream = Asn{4837}}).empty());
  CHECK(all_intervals(*history, {.upstream = Asn{4837}}).size() == 1);
  CHECK(all_observations(*history, {.upstream = Asn{20485}}).size() == 2);
  // One of the two upstreams of an AS_SET.
  CHECK(all_observations(*history, {.upstream = Asn{4837}}) == std::vector{sample_observation()});
  CHECK(all_observations(*history, {.upstream = Asn{1}}).empty());
  CHECK(all_observations(*history, {.upstream = Asn{20485}, .limit = 1}).size() == 1);
  CHECK(all_observations(*history, {.limit = 0}).empty());
  CHECK(all_observations(*history,
                         {.target = "kp", .prefix = Prefix::parse("::/0"), .upstream = Asn{20485}})
            .size() == 1);
}

TEST_CASE("a filter by time is half open, and an interval counts while it lasts") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  RouteInterval closed = sample_interval();
  closed.until = at("2017-10-01T09:00:00Z");
  RouteInterval open = sample_interval();
  open.from = at("2017-10-01T09:00:00Z");
  REQUIRE(history->store({.intervals = {open, closed},
                          .events = {sample_event()},
                          .observations = {plain_observation()}}));
  const TimePoint told = sample_event().time;
  CHECK(all_events(*history, {.from = told}).size() == 1);
  CHECK(all_events(*history, {.until = told}).empty());
  CHECK(all_events(*history, {.from = told, .until = told + Duration{1}}).size() == 1);
  CHECK(all_observations(*history, {.from = plain_observation().time + Duration{1}}).empty());
  CHECK(all_intervals(*history) == std::vector{closed, open});
  CHECK(all_intervals(*history, {.from = at("2017-10-01T09:00:00Z")}) == std::vector{open});
  CHECK(all_intervals(*history, {.until = at("2017-10-01T09:00:00Z")}) == std::vector{closed});
  CHECK(all_intervals(*history, {.from = at("2017-10-01T08:59:59Z")}).size() == 2);
}

TEST_CASE("events come in the order in which they are told, whatever order they were stored in") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  std::vector<Event> events;
  int number = 0;
  for (const EventType type : {EventType::UpstreamNew, EventType::Failover, EventType::Amended}) {
    for (const auto& upstream :
         {std::optional<Asn>{}, std::optional{Asn{9}}, std::optional{Asn{10}}}) {
      for (const char* target : {"b", "a"}) {
        Event event = sample_event();
        event.id = "01BVBK24JR" + std::to_string(1000000000000000 + number++);
        event.type = type;
        event.upstream = upstream;
        event.target = target;
        event.time += Duration{number % 2};
        events.push_back(event);
      }
    }
  }
  REQUIRE(history->store({.events = events}));
  std::sort(events.begin(), events.end(), precedes);
  CHECK(all_events(*history) == events);
}

TEST_CASE("a batch that cannot be stored leaves nothing, and can be stored later") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  auto other = SqliteDatabase::open(folder / "history/catalog.db", SqliteMode::Wal);
  REQUIRE(other);
  REQUIRE(
      other->execute("CREATE TRIGGER refuse BEFORE INSERT ON event"
                     " BEGIN SELECT RAISE(ABORT, 'the disk is tired'); END"));
  const auto refused = history->store(sample_batch());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("the disk is tired") != std::string::npos);
  CHECK(all_observations(*history).empty());
  CHECK(all_intervals(*history).empty());
  CHECK(other->integer("SELECT count(*) FROM vantage_point") == 0);

  REQUIRE(other->execute("DROP TRIGGER refuse"));
  REQUIRE(history->store(sample_batch()));
  CHECK(all_intervals(*history) == std::vector{sample_interval()});
  CHECK(other->integer("SELECT count(*) FROM pragma_foreign_key_check") == 0);
}

TEST_CASE("a callback that has enough ends the query") {
  const TemporaryFolder folder;
  const auto history = opened(folder);
  REQUIRE(history->store(sample_batch()));
  int calls = 0;
  REQUIRE(history->observations({}, [&](const Observation&) { return ++calls == 0; }));
  CHECK(calls == 1);
}

TEST_CASE("a history of a newer program is refused and says so") {
  const TemporaryFolder folder;
  REQUIRE(opened(folder)->store(sample_batch()));
  {
    auto database = SqliteDatabase::open(folder / "history/catalog.db", SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 1000"));
  }
  const auto refused = open_sqlite_history(folder / "history");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("1000 is newer than") != std::string::npos);
}

TEST_CASE("a history that is opened for reading only stores nothing") {
  const TemporaryFolder folder;
  REQUIRE(opened(folder)->store(sample_batch()));
  auto history = open_history_file(folder / "history/catalog.db", SqliteMode::ReadOnly);
  REQUIRE(history);
  CHECK(all_events(**history).size() == 1);
  CHECK_FALSE((*history)->store(sample_batch()));
}

TEST_CASE("a reader sees whole batches while another connection stores") {
  const TemporaryFolder folder;
  const auto writer = opened(folder);
  const auto reader = opened(folder);
  std::size_t seen = 0;
  REQUIRE(writer->store(sample_batch()));
  REQUIRE(reader->observations({}, [&](const Observation&) {
    Observation another = plain_observation();
    another.evidence_id = 100 + seen++;
    return writer->store({.observations = {another}}).has_value();
  }));
  CHECK(seen == 2);
  CHECK(all_observations(*reader).size() == 4);
}

TEST_CASE("a damaged history gives an error that names the file") {
  const TemporaryFolder folder;
  {
    const auto history = opened(folder);
    HistoryBatch batch;
    for (std::uint64_t each = 0; each < 500; ++each) {
      batch.observations.push_back(plain_observation());
      batch.observations.back().evidence_id = each;
    }
    REQUIRE(history->store(batch));
  }
  const std::string file = folder / "history/catalog.db";
  SECTION("in its header") {
    std::fstream{file, std::ios::in | std::ios::out | std::ios::binary} << "ruined header text";
    const auto refused = open_sqlite_history(folder / "history");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find(file) != std::string::npos);
    CHECK(refused.error().message.find("not a database") != std::string::npos);
  }
  SECTION("in its pages") {
    const auto size = std::filesystem::file_size(file);
    std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
    for (std::uintmax_t page = 4'096; page < size; page += 4'096) {
      out.seekp(static_cast<std::streamoff>(page));
      out << std::string(64, '\xA5');
    }
    out.close();
    const auto history = open_sqlite_history(folder / "history");
    const auto read = history
                          ? (*history)->observations({}, [](const Observation&) { return true; })
                          : Result<void>{unexpected{history.error()}};
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find(file) != std::string::npos);
    CHECK(read.error().message.find("malformed") != std::string::npos);
  }
  SECTION("in one body") {
    auto database = SqliteDatabase::open(file, SqliteMode::Wal);
    REQUIRE(database);
    REQUIRE(database->execute("UPDATE observation SET body = '{}' WHERE evidence_id = 255"));
    const auto read = opened(folder)->observations({}, [](const Observation&) { return true; });
    REQUIRE_FALSE(read);
    CHECK(read.error().message.find("observation 00000000000000ff") != std::string::npos);
  }
}

namespace {

/// Batch n: an event, its one witness, an interval, and n as the progress.
HistoryBatch numbered_batch(std::uint64_t number) {
  HistoryBatch batch = sample_batch();
  batch.observations = {sample_observation()};
  batch.observations[0].evidence_id = number;
  batch.events[0].id = "01BVBK24JR" + std::to_string(1000000000000000 + number);
  batch.events[0].witnesses[0].evidence_id = number;
  batch.events[0].counter_evidence.clear();
  const TimePoint start = batch.intervals[0].from;
  batch.intervals[0].from = start + std::chrono::seconds{number};
  batch.intervals[0].until = start + std::chrono::seconds{number + 1};
  batch.progress = TimePoint{std::chrono::seconds{number}};
  return batch;
}

}  // namespace

TEST_CASE("a collector that is killed while it stores leaves whole batches") {
  const TemporaryFolder folder;
  opened(folder).reset();
  std::uint64_t before = 0;
  for (int round = 0; round < 6; ++round) {
    int told[2];
    REQUIRE(::pipe2(told, O_CLOEXEC) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const auto history = open_sqlite_history(folder / "history");
      for (std::uint64_t number = before; history; ++number) {
        if (!(*history)->store(numbered_batch(number)) || ::write(told[1], "x", 1) != 1) {
          ::_exit(1);
        }
      }
      ::_exit(2);
    }
    ::close(told[1]);
    char stored = 0;
    REQUIRE(::read(told[0], &stored, 1) == 1);  // killed within a later batch, not before the first
    std::this_thread::sleep_for(std::chrono::milliseconds{3 + 11 * round});
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    ::close(told[0]);

    const auto history = opened(folder);
    const auto progress = history->progress();
    REQUIRE(progress);
    REQUIRE(*progress);
    const auto last =
        static_cast<std::uint64_t>((*progress)->time_since_epoch().count() / 1'000'000);
    CHECK(last >= before);
    CHECK(all_events(*history).size() == last + 1);
    CHECK(all_observations(*history).size() == last + 1);
    CHECK(all_intervals(*history).size() == last + 1);
    const auto database = SqliteDatabase::open(folder / "history/catalog.db", SqliteMode::ReadOnly);
    REQUIRE(database);
    CHECK(database->integer("SELECT count(*) FROM pragma_integrity_check"
                            " WHERE integrity_check <> 'ok'") == 0);
    before = last + 1;
  }
}
