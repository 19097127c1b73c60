#include "tests/collector/detect/stories.hpp"

TEST_CASE("a target without a list of prefixes is watched by all that it originates") {
  Target target = star();
  target.prefixes.clear();
  StoryTeller story{{target}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), {"192.0.2.0/24"}, "6939 4837 64500");
  story.announce(2h, story.peers(), kThreeOfFour, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(the_only(found, EventType::UpstreamNew).share == Approx(0.75));
  for (const RouteInterval& interval : found.intervals) {
    REQUIRE(interval.prefix != Prefix::parse("192.0.2.0/24").value());
  }
}

TEST_CASE("a front AS that slides in before a known upstream is inserted, not new") {
  StoryTeller story{{star()}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kStarPrefixes, "6939 4837 9929 131279");
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  const Event& event = the_only(found, EventType::UpstreamInserted);
  CHECK(event.upstream == Asn{9929});
  CHECK(event.severity == Severity::Notice);
}

TEST_CASE("each target is judged by itself, and each family of one") {
  Target other{.name = "other", .origins = {Asn{64600}}, .known_upstreams = {Asn{3356}}};
  other.prefixes = {Prefix::parse("2001:db8::/32").value(), Prefix::parse("192.0.2.0/24").value()};
  StoryTeller story{{star(), other}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.table(0s, -24h, story.peers(), {"2001:db8::/32", "192.0.2.0/24"}, "6939 3356 64600");
  story.announce(1h, story.peers(), {"2001:db8::/32"}, "6939 1299 64600");
  const Findings found = told(story, 2h);
  const Event& event = the_only(found, EventType::UpstreamNew);
  CHECK(event.target == "other");
  CHECK(event.family == Family::Ipv6);
  CHECK(event.share == 1);
  for (const Event& each : found.events) {
    CHECK(each.family == Family::Ipv6);
  }
}

TEST_CASE("a target in the middle of a path raises no upstream, and is told as a suspected leak") {
  StoryTeller story{{star()}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), {"203.0.113.0/24"}, "22351 131279 51040");
  const Findings found = told(story, 3h);
  REQUIRE(found.events.size() == 1);
  CHECK(found.events[0].type == EventType::SuspectedLeak);
  CHECK(found.events[0].rule == "target_in_transit");
}
