#include "collector/feed/archive_plan.hpp"

#include <string>
#include <vector>

#include "tests/support/scratch_folder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::ScratchFolder;

namespace {

const std::string kBase = "https://data.example/rrc00/2017.10/";

/// What a source lists, by names.
std::vector<ListedArchive> listing(const std::vector<std::string>& names) {
  std::vector<ListedArchive> listed;
  for (const std::string& name : names) {
    listed.push_back({kBase + name, parse_archive_name(name).value()});
  }
  return listed;
}

std::vector<std::string> names(const ArchivePlan& plan) {
  std::vector<std::string> found;
  for (const ListedArchive& each : plan.wanted) {
    found.push_back(each.location.substr(kBase.size()));
  }
  return found;
}

const std::vector<std::string> kMorning{"bview.20171001.0000.gz",   "bview.20171001.0800.gz",
                                        "updates.20171001.0755.gz", "updates.20171001.0805.gz",
                                        "updates.20171001.0800.gz", "updates.20171001.0810.gz"};

struct World {
  ScratchFolder folder;
  ArchiveLedger ledger = *ArchiveLedger::open(folder.path() + "/archives", TimePoint{});
  TimePoint now = parse_utc("2017-10-01T08:14:00Z").value();

  void done(const std::string& name, std::uint64_t bytes = 1) {
    REQUIRE(ledger.add(kBase + name, {ArchiveFate::Whole, parse_archive_name(name)->start, bytes,
                                      std::string(64, '0')}));
  }
  std::vector<std::string> plan(const std::vector<std::string>& listed,
                                const ArchivePlanOptions& options = {}) {
    return names(plan_archives(listing(listed), ledger, now, options));
  }
};

}  // namespace

TEST_CASE("the first start takes the newest table and the updates from its time on") {
  World world;
  const std::vector<std::string> from_table{"bview.20171001.0800.gz", "updates.20171001.0800.gz",
                                            "updates.20171001.0805.gz", "updates.20171001.0810.gz"};
  CHECK(world.plan(kMorning) == from_table);
}

TEST_CASE("without a table the first start takes all updates of the time to look back") {
  World world;
  CHECK(world.plan(kMorning, {false, std::chrono::minutes{16}}) ==
        std::vector<std::string>{"updates.20171001.0800.gz", "updates.20171001.0805.gz",
                                 "updates.20171001.0810.gz"});
  CHECK(world.plan(kMorning, {true, std::chrono::minutes{10}}) ==
        std::vector<std::string>{"updates.20171001.0805.gz", "updates.20171001.0810.gz"});
}

TEST_CASE("afterwards the updates behind the last done are wanted, and nothing from before it") {
  World world;
  world.done("bview.20171001.0800.gz");
  CHECK(world.plan(kMorning) == std::vector<std::string>{"updates.20171001.0800.gz",
                                                         "updates.20171001.0805.gz",
                                                         "updates.20171001.0810.gz"});
  world.done("updates.20171001.0800.gz");
  CHECK(world.plan(kMorning) ==
        std::vector<std::string>{"updates.20171001.0805.gz", "updates.20171001.0810.gz"});
  world.done("updates.20171001.0810.gz");
  CHECK(world.plan(kMorning).empty());
  auto later = kMorning;
  later.emplace_back("updates.20171001.0815.gz");
  later.emplace_back("bview.20171001.1600.gz");
  CHECK(world.plan(later) == std::vector<std::string>{"updates.20171001.0815.gz"});
}

TEST_CASE("a file that has grown is wanted again") {
  World world;
  world.done("updates.20171001.0810.gz", 100);
  auto listed = listing({"updates.20171001.0810.gz"});
  listed[0].bytes = 100;
  CHECK(plan_archives(listed, world.ledger, world.now, {}).wanted.empty());
  listed[0].bytes = 101;
  CHECK(plan_archives(listed, world.ledger, world.now, {}).wanted.size() == 1);
}

TEST_CASE("what claims to be from the future is counted and left alone") {
  World world;
  const auto plan = plan_archives(listing({"updates.20171001.0810.gz", "updates.20991001.0810.gz"}),
                                  world.ledger, world.now, {});
  CHECK(names(plan) == std::vector<std::string>{"updates.20171001.0810.gz"});
  CHECK(plan.from_the_future == 1);
}
