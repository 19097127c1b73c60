#include "tests/collector/detect/stories.hpp"

namespace {

StoryTeller quiet_world(std::size_t peers = 10) {
  StoryTeller story{{star()}};
  story.add_peers(peers);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  return story;
}

const StoryTeller::Prefixes kOne{"175.45.176.0/24"};

}  // namespace

TEST_CASE("a watched prefix that three groups see from elsewhere for a minute changed its origin") {
  StoryTeller story = quiet_world();
  story.announce(1h, story.peers(0, 3), kOne, "3356 9198");
  const Findings found = told(story, 2h);
  REQUIRE(lines_of(found.events) == Lines{"3660 origin_change - origin"});
  CHECK(found.events[0].severity == Severity::Warning);
  CHECK(found.events[0].summary ==
        "175.45.176.0/24 is originated by AS9198, which is not of star: 3 vantage ASes see it");
  CHECK(found.events[0].prefixes.size() == 1);
}

TEST_CASE("two groups, or less than a minute, are no change of the origin") {
  StoryTeller two = quiet_world();
  two.announce(1h, two.peers(0, 2), kOne, "3356 9198");
  CHECK(told(two, 2h).events.empty());
  StoryTeller brief = quiet_world();
  brief.announce(1h, brief.peers(0, 10), kOne, "3356 9198");
  brief.announce(1h + 59s, brief.peers(0, 8), kOne, kUnicomPath);
  CHECK(told(brief, 2h).events.empty());
}

TEST_CASE("two sessions of one network are one group, for origins too") {
  StoryTeller story{{star()}};
  story.add_peers(4);
  const VantagePoint more = story.add_peer(10'001, "rrc01");
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 2), kOne, "3356 9198");
  story.announce(1h, std::vector{more}, kOne, "3356 9198");
  CHECK(told(story, 2h).events.empty());
}

TEST_CASE("a change of the origin is told once, and again when it has been over") {
  StoryTeller story = quiet_world();
  for (const Duration at : {1h, 2h}) {
    story.announce(at, story.peers(0, 5), kOne, "3356 9198");
    story.announce(at + 10min, story.peers(0, 5), kOne, "1299 3356 9198");
    story.announce(at + 20min, story.peers(0, 5), kOne, kUnicomPath);
  }
  CHECK(lines_of(told(story, 3h).events) ==
        Lines{"3660 origin_change - origin", "7260 origin_change - origin"});
}

TEST_CASE("each foreign origin of a prefix is told for itself") {
  StoryTeller story = quiet_world();
  story.announce(1h, story.peers(0, 3), kOne, "3356 9198");
  story.announce(1h, story.peers(3, 3), kOne, "3356 9199");
  const Findings found = told(story, 2h);
  CHECK(lines_of(found.events) ==
        Lines{"3660 origin_change - origin", "3660 origin_change - origin"});
}

TEST_CASE("a more specific of a watched prefix is watched with it") {
  StoryTeller story = quiet_world();
  story.announce(1h, story.peers(0, 3), {"175.45.176.128/25"}, "3356 9198");
  const Findings found = told(story, 2h);
  REQUIRE(lines_of(found.events) == Lines{"3660 origin_change - origin"});
  CHECK(found.events[0].prefixes[0].prefix.to_string() == "175.45.176.128/25");
}

TEST_CASE("a less specific is not") {
  StoryTeller story = quiet_world();
  story.announce(1h, story.peers(), {"175.45.176.0/22"}, "3356 9198");
  CHECK(told(story, 2h).events.empty());
}

TEST_CASE("another origin of the same target is no change") {
  Target target = star();
  target.origins.push_back(Asn{9198});
  StoryTeller story{{target}};
  story.add_peers(10);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kOne, "6939 4837 9198");
  CHECK(told(story, 2h).events.empty());
}

TEST_CASE("who announces a prefix for somebody else is not named as its upstream") {
  // A hijacker that keeps the origin at the end stands in the path like an upstream; one that does
  // not says nothing of upstreams.
  StoryTeller story = quiet_world();
  story.announce(1h, story.peers(0, 8), kStarPrefixes, "3356 20485 9198");
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::OriginChange) == 4);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 0);
  CHECK(count_of(found, EventType::TargetUnreachable) == 0);
}
