#include "collector/feed/mrt_record.hpp"

#include <algorithm>
#include <memory>

#include "tests/support/mrt_builder.hpp"
#include "tests/support/mrt_lines.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

struct Cut {
  std::vector<std::string> bodies;
  std::vector<std::uint64_t> offsets;
  ByteAccount account;
};

/// The records of a stream that comes in chunks of this size.
Cut cut(const std::string& bytes, std::size_t chunk = std::size_t{1} << 20) {
  MrtRecordReader reader{memory_input(as_bytes(bytes), chunk), "test"};
  Cut result;
  while (const MrtRecord* each = reader.next()) {
    result.bodies.emplace_back(as_text(each->body));
    result.offsets.push_back(each->offset);
  }
  result.account = reader.account();
  return result;
}

std::string small(unsigned number) {
  return message(announcement(nlri("192.0.2.0/24"), {64500, number}), kTime + number);
}
std::string body_of(const std::string& whole) {
  return whole.substr(12);
}
std::uint64_t no_record(const Cut& cut) {
  const auto found = cut.account.skipped.find("no_record");
  return found == cut.account.skipped.end() ? 0 : found->second;
}

}  // namespace

TEST_CASE("records come out whole however the stream is cut into chunks") {
  Dice dice{3};
  const std::string bytes = dice.archive(30);
  const Cut whole = cut(bytes);
  REQUIRE(whole.bodies.size() >= 30);
  CHECK(whole.account.first_errors.empty());
  for (std::size_t chunk = 1; chunk <= 400; ++chunk) {
    CAPTURE(chunk);
    const Cut pieces = cut(bytes, chunk);
    REQUIRE(pieces.bodies == whole.bodies);
    REQUIRE(pieces.offsets == whole.offsets);
    REQUIRE(pieces.account.total == bytes.size());
    REQUIRE(pieces.account.skipped.empty());
  }
}

TEST_CASE("the header's fields and an extended time are read") {
  const std::string bytes =
      record(17, 4, u32(250000) + session(64500, "192.0.2.1") + bgp(update({}, {}, {})));
  MrtRecordReader reader{memory_input(as_bytes(bytes)), "test"};
  const MrtRecord* const found = reader.next();
  REQUIRE(found != nullptr);
  CHECK(found->type == MrtType::Bgp4mpEt);
  CHECK(found->subtype == 4);
  CHECK(found->size == bytes.size());
  CHECK(format_utc(found->time) == "2017-10-01T09:07:51.250000Z");
  CHECK(as_text(found->body) == bytes.substr(16));
  CHECK(reader.next() == nullptr);
  CHECK(reader.next() == nullptr);
}

TEST_CASE("garbage between records is skipped to the byte, and all records are found") {
  Dice dice{4};
  for (const std::size_t size : {1U, 5U, 11U, 12U, 13U, 100U, 5000U}) {
    CAPTURE(size);
    const std::string garbage = dice.bytes(size);
    const std::string bytes = small(1) + small(2) + garbage + small(3) + small(4);
    for (const std::size_t chunk : {std::size_t{7}, std::size_t{100}, bytes.size()}) {
      const Cut found = cut(bytes, chunk);
      CHECK(found.bodies == std::vector<std::string>{body_of(small(1)), body_of(small(2)),
                                                     body_of(small(3)), body_of(small(4))});
      CHECK(no_record(found) == size);
      REQUIRE(found.account.first_errors.size() == 1);
      const std::string place = "offset " + std::to_string(small(1).size() * 2);
      CHECK(found.account.first_errors[0].message.find(place) != std::string::npos);
    }
  }
}

TEST_CASE("garbage before the first record and behind the last is skipped") {
  const std::string bytes = std::string(50, 'x') + small(1) + small(2) + std::string(50, 'y');
  const Cut found = cut(bytes);
  CHECK(found.bodies.size() == 2);
  CHECK(no_record(found) + found.account.left_over == 100);
}

TEST_CASE("a length that is too long swallows no records behind it") {
  const std::size_t size = small(1).size();
  for (const std::size_t more : {std::size_t{1}, std::size_t{13}, size / 2, size, size + 7,
                                 2 * size, 3 * size, std::size_t{100000}}) {
    CAPTURE(more);
    std::string bad = small(2);
    bad.replace(8, 4, u32(bad.size() - 12 + more));
    const std::string bytes = small(1) + bad + small(3) + small(4) + small(5);
    const ArchiveText found = read_archive(bytes);
    CHECK(found.account.lossy());
    CHECK(found.accounted() == bytes.size());
    const auto has = [&](const std::string& path) {
      return std::any_of(found.lines.begin(), found.lines.end(), [&](const std::string& line) {
        return line.find("|" + path + "|") != std::string::npos;
      });
    };
    CHECK(has("64500 1"));
    CHECK(has("64500 3"));
    CHECK(has("64500 4"));
    CHECK(has("64500 5"));
  }
}

TEST_CASE("a length that is too short costs that record alone") {
  std::string bad = small(2);
  bad.replace(8, 4, u32(bad.size() - 12 - 10));
  const std::string bytes = small(1) + bad + small(3) + small(4);
  const Cut found = cut(bytes);
  REQUIRE(found.bodies.size() >= 3);
  CHECK(found.bodies[found.bodies.size() - 2] == body_of(small(3)));
  CHECK(found.bodies.back() == body_of(small(4)));
  CHECK(no_record(found) > 0);
}

TEST_CASE("a torn tail is left over, and said, at every length") {
  const std::string bytes = small(1) + small(2);
  for (std::size_t size = small(1).size() + 1; size < bytes.size(); ++size) {
    CAPTURE(size);
    const Cut found = cut(bytes.substr(0, size), 64);
    CHECK(found.bodies.size() == 1);
    CHECK(found.account.left_over == size - small(1).size());
    CHECK(found.account.first_errors.size() == 1);
    CHECK(found.account.lossy());
  }
}

TEST_CASE("a stream without a record is skipped or left over entirely") {
  Dice dice{5};
  for (const std::string& bytes :
       {dice.bytes(1), dice.bytes(11), dice.bytes(12), dice.bytes(100000),
        std::string(100000, '\0'), std::string(70000, '\xff')}) {
    const Cut found = cut(bytes, 1000);
    CHECK(found.bodies.empty());
    CHECK(found.account.records == 0);
    CHECK(no_record(found) + found.account.left_over == bytes.size());
    CHECK(found.account.lossy());
  }
}

TEST_CASE("a record longer than the limit is damage") {
  const std::string bytes =
      u32(kTime) + u16(16) + u16(4) + u32(MrtRecordReader::kMaxRecord + 1) + small(1) + small(2);
  const Cut found = cut(bytes);
  CHECK(found.bodies.size() == 2);
  CHECK(no_record(found) == 12);
}

TEST_CASE("records of other protocols are cut like all others") {
  const std::string bytes =
      small(1) + record(11, 0, "ospf state") + record(32, 0, "isis") + small(2);
  const Cut found = cut(bytes);
  CHECK(found.bodies.size() == 4);
  CHECK(read_archive(bytes).skipped("not_bgp") == 12 + 10 + 12 + 4);
  CHECK_FALSE(read_archive(bytes).account.lossy());
}

TEST_CASE("no more than the first ten errors are kept") {
  std::string bytes;
  for (unsigned i = 0; i < 30; ++i) {
    bytes += small(2 * i) + small(2 * i + 1) + "garbage";
  }
  CHECK(cut(bytes).account.first_errors.size() == 10);
}

TEST_CASE("every byte of any damaged archive is decoded, skipped or left over") {
  Dice dice{6};
  for (int round = 0; round < 4000; ++round) {
    std::string bytes = dice.archive(1 + dice.below(8));
    for (std::uint64_t i = dice.below(4); i > 0 && !bytes.empty(); --i) {
      bytes = dice.damage(std::move(bytes));
    }
    const std::size_t chunk = 1 + dice.below(300);
    const ArchiveText found = read_archive(bytes, chunk);
    CAPTURE(round, chunk);
    REQUIRE(found.account.total == bytes.size());
    REQUIRE(found.accounted() == bytes.size());
    REQUIRE(found.account.elements == found.lines.size());
    const ArchiveText whole = read_archive(bytes);
    REQUIRE(found.lines == whole.lines);
    REQUIRE(found.account.skipped == whole.account.skipped);
  }
}
