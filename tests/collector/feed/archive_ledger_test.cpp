#include "collector/feed/archive_ledger.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::ScratchFolder;

namespace {

const std::string kDigest(64, 'a');

TimePoint at(const char* text) {
  return parse_utc(text).value();
}

ArchiveEntry entry(const char* start, ArchiveFate fate = ArchiveFate::Whole) {
  return {fate, at(start), 1234, fate == ArchiveFate::Refused ? "" : kDigest};
}

std::string read(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace

TEST_CASE("the ledger knows after a restart what it was told") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/archives";
  {
    auto ledger = ArchiveLedger::open(path, TimePoint{});
    REQUIRE(ledger);
    CHECK(ledger->size() == 0);
    REQUIRE(ledger->add("https://a.example/rrc00/x.gz", entry("2017-10-01T09:05:00Z")));
    REQUIRE(ledger->add("/a folder/y.gz", entry("2017-10-01T09:10:00Z", ArchiveFate::Damaged)));
    REQUIRE(ledger->add("z", entry("2017-10-01T09:15:00Z", ArchiveFate::Damaged)));
    REQUIRE(ledger->add("z", entry("2017-10-01T09:15:00Z", ArchiveFate::Refused)));
  }
  const auto ledger = ArchiveLedger::open(path, TimePoint{});
  REQUIRE(ledger);
  CHECK(ledger->size() == 3);
  REQUIRE(ledger->find("/a folder/y.gz") != nullptr);
  CHECK(*ledger->find("/a folder/y.gz") == entry("2017-10-01T09:10:00Z", ArchiveFate::Damaged));
  CHECK(*ledger->find("z") == entry("2017-10-01T09:15:00Z", ArchiveFate::Refused));
  CHECK(ledger->find("https://a.example/rrc00/x") == nullptr);
}

TEST_CASE("a line torn by a crash does not count and is gone afterwards") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/archives";
  REQUIRE(ArchiveLedger::open(path, TimePoint{})->add("first", entry("2017-10-01T09:05:00Z")));
  const std::string whole = read(path);
  std::ofstream{path, std::ios::app} << "whole 2017-10-01T09:10:00Z 12 aaaa";
  auto ledger = ArchiveLedger::open(path, TimePoint{});
  REQUIRE(ledger);
  CHECK(ledger->size() == 1);
  CHECK(read(path) == whole);
  REQUIRE(ledger->add("second", entry("2017-10-01T09:10:00Z")));
  CHECK(ArchiveLedger::open(path, TimePoint{})->size() == 2);
}

TEST_CASE("what starts before the horizon is forgotten") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/archives";
  {
    auto ledger = ArchiveLedger::open(path, TimePoint{});
    REQUIRE(ledger->add("old", entry("2017-09-30T23:55:00Z")));
    REQUIRE(ledger->add("new", entry("2017-10-01T00:00:00Z")));
  }
  CHECK(ArchiveLedger::open(path, at("2017-10-01T00:00:00Z"))->find("old") == nullptr);
  CHECK(read(path).find("old") == std::string::npos);
  CHECK(ArchiveLedger::open(path, TimePoint{})->find("new") != nullptr);
}

TEST_CASE("a file of another kind is refused and left as it is") {
  const ScratchFolder folder;
  const std::string path = folder.path() + "/archives";
  const auto* text = GENERATE("precious\n", "isthmus archive ledger 2\n",
                              "isthmus archive ledger 1\nwhole 2017-10-01T09:05:00Z x - name\n",
                              "isthmus archive ledger 1\nwhole 2017-10-01T09:05:00Z 1 - \n",
                              "isthmus archive ledger 1\n\n");
  std::ofstream{path} << text;
  const auto ledger = ArchiveLedger::open(path, TimePoint{});
  REQUIRE_FALSE(ledger);
  CHECK(ledger.error().message.find(path) == 0);
  CHECK(read(path) == text);
}

TEST_CASE("a folder that cannot be written is an error") {
  CHECK_FALSE(ArchiveLedger::open("/nowhere/at/all/archives", TimePoint{}));
}
