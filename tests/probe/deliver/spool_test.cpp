#include "probe/deliver/spool.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::probe;
using namespace std::chrono_literals;
using isthmus::testing::ScratchFolder;

namespace {

namespace fs = std::filesystem;

constexpr TimePoint kWall{std::chrono::seconds{1'506'848'871}};

Clocks at(Duration since_start) {
  return {.wall = kWall + since_start, .monotonic = since_start};
}

SpoolEntry entry(std::uint64_t sequence, std::size_t size = 300) {
  return {.boot = 7,
          .first_sequence = sequence,
          .traces = 2,
          .newest = kWall,
          .batch = std::string(size, static_cast<char>(sequence))};
}

std::unique_ptr<Spool> open_spool(const std::string& folder,
                                  std::vector<std::string> collectors = {"a"},
                                  SpoolOptions options = {}, Clocks now = at(0s)) {
  options.folder = folder;
  auto spool = Spool::open(std::move(options), collectors, now);
  REQUIRE(spool);
  return std::move(*spool);
}

void fill(Spool& spool, std::uint64_t first, std::uint64_t count, Duration now = 0s,
          std::size_t size = 300) {
  for (std::uint64_t i = 0; i < count; ++i) {
    spool.append(entry(first + i, size), at(now));
    REQUIRE(spool.flush(at(now)));
  }
}

std::vector<std::uint64_t> sequences(Spool& spool, NumberRange range) {
  std::vector<std::uint64_t> found;
  std::vector<SpoolEntry> entries;
  while (!range.empty()) {
    const NumberRange looked = spool.read(range, 1'000, entries);
    REQUIRE(looked.first == range.first);
    REQUIRE(looked.end > range.first);
    for (const SpoolEntry& each : entries) {
      REQUIRE(each.batch == entry(each.first_sequence, each.batch.size()).batch);
      found.push_back(each.first_sequence);
    }
    range.first = looked.end;
  }
  return found;
}

}  // namespace

TEST_CASE("what was appended comes back, before and after a restart") {
  const ScratchFolder folder;
  std::vector<std::uint64_t> expected;
  {
    const auto spool = open_spool(folder.path());
    for (std::uint64_t i = 1; i <= 50; ++i) {
      CHECK(spool->append(entry(i), at(0s)) == i);
      expected.push_back(i);
    }
    CHECK(sequences(*spool, spool->range()) == expected);  // from memory
    REQUIRE(spool->flush(at(0s)));
    CHECK(spool->memory_bytes() == 0);
    CHECK(sequences(*spool, spool->range()) == expected);
  }
  const auto spool = open_spool(folder.path());
  CHECK(spool->range() == NumberRange{1, 51});
  CHECK(sequences(*spool, {1, 51}) == expected);
  CHECK(sequences(*spool, {20, 23}) == std::vector<std::uint64_t>{20, 21, 22});
  CHECK(spool->append(entry(51), at(0s)) == 51);
}

TEST_CASE("each collector is owed what it has not stored, over restarts") {
  const ScratchFolder folder;
  {
    const auto spool = open_spool(folder.path(), {"a", "b"});
    fill(*spool, 1, 20);
    spool->delivered(0, {15, 21});
    spool->delivered(0, {1, 4});
    CHECK(spool->first_owed(0, spool->range()) == NumberRange{4, 15});
    CHECK(spool->owed(0) == 11);
    CHECK(spool->owed(1) == 20);
    spool->save_cursors();
    fill(*spool, 21, 5);
  }
  const auto spool = open_spool(folder.path(), {"b", "a", "c"});
  CHECK(spool->owed(0) == 25);
  CHECK(spool->owed(1) == 16);
  CHECK(spool->first_owed(1, {15, 26}) == NumberRange{21, 26});
  CHECK(spool->owed(2) == 25);
}

TEST_CASE("segments that nobody is owed anything of are removed") {
  const ScratchFolder folder;
  const auto spool = open_spool(folder.path(), {"a", "b"}, {.max_bytes = 1 << 20});
  fill(*spool, 1, 500, 0s, 1'000);
  const std::uint64_t full = spool->disk_bytes();
  spool->delivered(0, {1, 501});
  spool->save_cursors();
  CHECK(spool->disk_bytes() == full);
  spool->delivered(1, {1, 501});
  spool->save_cursors();
  CHECK(spool->disk_bytes() < full / 4);
  CHECK(spool->counters().dropped_entries == 0);
  CHECK(spool->owed(0) == 0);
}

TEST_CASE("past its size the oldest goes, counted as far as it was owed") {
  const ScratchFolder folder;
  const auto spool = open_spool(folder.path(), {"a"}, {.max_bytes = 1 << 20});
  fill(*spool, 1, 100, 0s, 1'000);
  spool->delivered(0, {1, 31});
  fill(*spool, 101, 2'000, 0s, 1'000);
  CHECK(spool->disk_bytes() <= (1 << 20) + (1 << 17));
  const std::uint64_t first = spool->range().first;
  CHECK(first > 1'000);
  CHECK(spool->counters().dropped_entries == first - 31);
  CHECK(spool->counters().dropped_traces == 2 * (first - 31));
  CHECK(spool->first_owed(0, spool->range()) == NumberRange{first, 2'101});
  CHECK(sequences(*spool, spool->range()).size() == 2'101 - first);
}

TEST_CASE("past its age the oldest goes; a step of the wall clock ages nothing") {
  const ScratchFolder folder;
  const SpoolOptions options{.max_bytes = 1 << 20, .max_age = 1h};
  {
    const auto spool = open_spool(folder.path(), {"a"}, options);
    fill(*spool, 1, 200, 0s, 1'000);
    fill(*spool, 201, 200, 30min, 1'000);
    // The wall clock jumps a year ahead, and back.
    REQUIRE(spool->flush({.wall = kWall + 9'000h, .monotonic = 31min}));
    REQUIRE(spool->flush({.wall = kWall - 9'000h, .monotonic = 32min}));
    CHECK(spool->counters().dropped_entries == 0);
    REQUIRE(spool->flush(at(70min)));
    CHECK(spool->range().first > 1);
    CHECK(spool->range().first <= 201);
  }
  // While the probe was off for half an hour the rest grew older too.
  const auto spool =
      open_spool(folder.path(), {"a"}, options, {.wall = kWall + 100min, .monotonic = 5s});
  REQUIRE(spool->flush({.wall = kWall + 100min, .monotonic = 5s}));
  CHECK(spool->first_owed(0, spool->range()) == std::nullopt);
  CHECK(spool->append(entry(401), at(0s)) == 401);
}

TEST_CASE("a clock that went backwards while the probe was off ages nothing") {
  const ScratchFolder folder;
  { fill(*open_spool(folder.path(), {"a"}, {.max_age = 1h}), 1, 10); }
  const Clocks earlier{.wall = kWall - 9'000h, .monotonic = 0s};
  const auto spool = open_spool(folder.path(), {"a"}, {.max_age = 1h}, earlier);
  REQUIRE(spool->flush(earlier));
  CHECK(spool->owed(0) == 10);
}

TEST_CASE("a torn tail is cut off and counted") {
  const ScratchFolder folder;
  { fill(*open_spool(folder.path()), 1, 10); }
  const fs::path segment = folder.path() + "/00000000000000000001.spool";
  REQUIRE(fs::exists(segment));
  fs::resize_file(segment, fs::file_size(segment) - 5);
  const auto spool = open_spool(folder.path());
  CHECK(spool->counters().torn_bytes > 0);
  CHECK(spool->range() == NumberRange{1, 10});
  fill(*spool, 10, 1);
  CHECK(sequences(*spool, spool->range()).size() == 10);
}

TEST_CASE("an entry that has gone bad costs itself only") {
  const ScratchFolder folder;
  const auto spool = open_spool(folder.path());
  fill(*spool, 1, 10);
  {
    std::fstream file{folder.path() + "/00000000000000000001.spool",
                      std::ios::in | std::ios::out | std::ios::binary};
    file.seekp(8 + 3 * (300 + 60) + 100);
    file.put('!');
  }
  CHECK(sequences(*spool, spool->range()) ==
        std::vector<std::uint64_t>{1, 2, 3, 5, 6, 7, 8, 9, 10});
  CHECK(spool->counters().damaged == 1);
}

TEST_CASE("two probes cannot use one folder") {
  const ScratchFolder folder;
  const auto spool = open_spool(folder.path());
  const auto second = Spool::open({.folder = folder.path()}, {}, at(0s));
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("in use by another process") != std::string::npos);
}

TEST_CASE("a folder that was emptied gives no index twice while the cursors remember") {
  const ScratchFolder folder;
  {
    const auto spool = open_spool(folder.path());
    fill(*spool, 1, 30);
    spool->delivered(0, {1, 31});
    spool->save_cursors();
  }
  fs::remove(folder.path() + "/00000000000000000001.spool");
  const auto spool = open_spool(folder.path());
  fill(*spool, 31, 1);
  CHECK(spool->owed(0) == 1);
}
