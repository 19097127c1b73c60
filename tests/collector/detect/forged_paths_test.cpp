#include "tests/collector/detect/stories.hpp"

namespace {

const StoryTeller::Prefixes kForeign{"91.217.89.0/24"};

/// Star JV without a list of prefixes: all that AS131279 originates is watched.
Target listless() {
  Target target = star();
  target.prefixes.clear();
  return target;
}

StoryTeller quiet_world(const Target& target) {
  StoryTeller story{{target}};
  story.add_peers(10);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  return story;
}

}  // namespace

TEST_CASE("a target that stands within a path to somebody else raises a suspicion, no upstream") {
  const Target target = GENERATE(star(), listless());
  StoryTeller story = quiet_world(target);
  story.announce(1h, story.peers(), kForeign, "3356 22351 131279 51040");
  const Findings found = told(story, 3h);
  REQUIRE(lines_of(found.events) == Lines{"3600 suspected_leak - target_in_transit"});
  const Event& event = found.events[0];
  CHECK(event.severity == Severity::Notice);
  CHECK(event.target == "star");
  REQUIRE(event.witnesses.size() == 1);
  CHECK(event.witnesses[0].path_after == "10001 3356 22351 131279 51040");
  CHECK(event.witnesses[0].prefix.to_string() == "91.217.89.0/24");
  CHECK(event.summary ==
        "AS131279 stands in a path to 91.217.89.0/24 of AS51040, which it does not carry (10001 "
        "3356 22351 131279 51040): forged or leaked; no upstream is inferred");
}

TEST_CASE("a suspicion is told once a day for each prefix and origin") {
  StoryTeller story = quiet_world(star());
  for (const Duration at : {1h, 5h, 24h, 26h, 30h}) {
    story.announce(at, story.peers(), kForeign, "3356 22351 131279 51040");
  }
  story.announce(2h, story.peers(), {"91.217.90.0/24"}, "3356 22351 131279 51040");
  story.announce(3h, story.peers(), kForeign, "3356 22351 131279 51041");
  CHECK(lines_of(told(story, 40h).events) == Lines{"3600 suspected_leak - target_in_transit",
                                                   "7200 suspected_leak - target_in_transit",
                                                   "10800 suspected_leak - target_in_transit",
                                                   "93600 suspected_leak - target_in_transit"});
}

TEST_CASE("a customer of a sibling is no foreign one") {
  Target target = star();
  target.siblings = {Asn{134544}};
  StoryTeller story = quiet_world(target);
  story.announce(1h, story.peers(), kForeign, "3356 22351 131279 134544");
  CHECK(told(story, 2h).events.empty());
}

TEST_CASE("a target that is itself a vantage point carries nobody by looking at its routes") {
  StoryTeller story = quiet_world(star());
  const VantagePoint own = story.add_peer(131279, "rrc01");
  story.table(10min, -24h, std::vector{own}, {"8.8.8.0/24"}, "131279 4837 15169");
  story.announce(1h, std::vector{own}, {"1.1.1.0/24"}, "4837 13335");
  CHECK(told(story, 2h).events.empty());
}

TEST_CASE("an aggregate that somebody else made is not of the target") {
  const Target target = GENERATE(star(), listless());
  StoryTeller story = quiet_world(target);
  story.announce(1h, story.peers(), kForeign, "3356 22351 131279 {51040,51041}");
  story.announce(2h, story.peers(), kForeign, "3356 22351 51040");
  CHECK(lines_of(told(story, 3h).events) == Lines{"3600 suspected_leak - target_in_transit"});
}

TEST_CASE("an aggregate that the target is part of is the target's") {
  StoryTeller story = quiet_world(listless());
  story.announce(1h, story.peers(), {"175.45.180.0/24"}, "6939 4837 {131279,51040}");
  const Findings found = told(story, 3h);
  CHECK(found.events.empty());
  CHECK(std::any_of(found.intervals.begin(), found.intervals.end(), [](const auto& interval) {
    return interval.prefix.to_string() == "175.45.180.0/24" && interval.upstream == Asn{4837};
  }));
}

TEST_CASE("a poisoned path of the target's own prefix is no suspicion") {
  StoryTeller story = quiet_world(star());
  story.announce(1h, story.peers(), kStarPrefixes, "6939 4837 131279 20485 131279");
  CHECK(told(story, 3h).events.empty());
}

TEST_CASE("a private number behind the target is the target's own") {
  StoryTeller story = quiet_world(listless());
  story.announce(1h, story.peers(), {"175.45.180.0/24"}, "6939 4837 131279 64512");
  const Findings found = told(story, 3h);
  CHECK(found.events.empty());
  CHECK(std::any_of(found.intervals.begin(), found.intervals.end(), [](const auto& interval) {
    return interval.prefix.to_string() == "175.45.180.0/24" && interval.upstream == Asn{4837};
  }));
}
