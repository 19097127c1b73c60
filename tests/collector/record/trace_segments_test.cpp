#include "collector/record/trace_segments.hpp"

#include <filesystem>
#include <fstream>

#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::ScratchFolder;

namespace {

const TimePoint kNow{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};

ResultBatch batch_of(const std::string& probe, std::uint64_t boot, std::uint64_t first,
                     std::uint64_t last) {
  ResultBatch batch{.probe = probe, .boot = boot};
  for (std::uint64_t i = first; i <= last; ++i) {
    SequencedTraceroute traced{.sequence = i};
    traced.trace.start = kNow;
    traced.trace.end = kNow;
    batch.traces.push_back(std::move(traced));
  }
  return batch;
}

std::vector<std::uint64_t> sequences_in(const TraceSegments& segments, TimePoint from = {}) {
  std::vector<std::uint64_t> found;
  const auto read = segments.read(from, [&found](const KeptBatch& batch) {
    for (const auto& each : batch.results.traces) {
      found.push_back(each.sequence);
    }
  });
  CHECK(read);
  return found;
}

std::string only_file(const std::string& folder) {
  return std::filesystem::directory_iterator {
    folder
    } -> path().string();
}

}  // namespace

TEST_CASE("sequences join to ranges in whatever order they come") {
  SequenceSet set;
  for (const std::uint64_t each : {5U, 1U, 3U, 2U, 9U, 4U}) {
    set.insert(each);
  }
  CHECK(set.ranges() == std::map<std::uint64_t, std::uint64_t>{{1, 5}, {9, 9}});
  CHECK(set.contains(3));
  CHECK_FALSE(set.contains(6));
  set.insert(4, 12);
  CHECK(set.ranges() == std::map<std::uint64_t, std::uint64_t>{{1, 12}});
  CHECK(set.count() == 12);
}

TEST_CASE("a traceroute that is delivered twice is kept once, also over a restart") {
  const ScratchFolder scratch;
  {
    auto segments = TraceSegments::open(scratch.path());
    REQUIRE(segments);
    CHECK(segments->append(batch_of("a", 1, 1, 3), kNow) == 0U);
    CHECK(segments->append(batch_of("a", 1, 2, 4), kNow) == 2U);
    CHECK(segments->append(batch_of("a", 2, 1, 1), kNow) == 0U);
    CHECK(segments->append(batch_of("b", 1, 1, 1), kNow) == 0U);
    REQUIRE(segments->commit());
  }
  auto again = TraceSegments::open(scratch.path());
  REQUIRE(again);
  CHECK(again->append(batch_of("a", 1, 1, 5), kNow + std::chrono::hours{2}) == 4U);
  REQUIRE(again->commit());
  CHECK(sequences_in(*again) == std::vector<std::uint64_t>{1, 2, 3, 4, 1, 1, 5});
  CHECK(sequences_in(*again, kNow + std::chrono::hours{1}) == std::vector<std::uint64_t>{5});
}

TEST_CASE("a tail that a crash tore off is cut off, wherever it tore") {
  const ScratchFolder scratch;
  {
    auto segments = TraceSegments::open(scratch.path());
    REQUIRE(segments);
    REQUIRE(segments->append(batch_of("a", 1, 1, 2), kNow));
    REQUIRE(segments->commit());
  }
  const std::string path = only_file(scratch.path());
  const auto whole = std::filesystem::file_size(path);
  {
    auto segments = TraceSegments::open(scratch.path());
    REQUIRE(segments->append(batch_of("a", 1, 3, 4), kNow));
    REQUIRE(segments->commit());
  }
  const auto longer = std::filesystem::file_size(path);
  for (auto size = longer - 1; size > whole; --size) {
    std::filesystem::resize_file(path, size);
    auto segments = TraceSegments::open(scratch.path());
    REQUIRE(segments);
    REQUIRE(std::filesystem::file_size(path) == whole);
    REQUIRE(segments->kept().at({"a", 1}).count() == 2);
    std::filesystem::resize_file(path, longer);
  }
}

TEST_CASE("what was not committed counts as never appended after an error") {
  const ScratchFolder scratch;
  auto segments = TraceSegments::open(scratch.path());
  REQUIRE(segments);
  REQUIRE(segments->append(batch_of("a", 1, 1, 2), kNow));
  CHECK(segments->kept().empty());
  REQUIRE(segments->commit());
  CHECK(segments->kept().at({"a", 1}).count() == 2);
}

TEST_CASE("old hours are removed as whole files") {
  const ScratchFolder scratch;
  auto segments = TraceSegments::open(scratch.path());
  REQUIRE(segments);
  REQUIRE(segments->append(batch_of("a", 1, 1, 1), kNow));
  REQUIRE(segments->append(batch_of("a", 1, 2, 2), kNow + std::chrono::hours{5}));
  REQUIRE(segments->commit());
  CHECK(segments->expire(kNow + std::chrono::hours{4}) == 1);
  CHECK(sequences_in(*segments) == std::vector<std::uint64_t>{2});
}
