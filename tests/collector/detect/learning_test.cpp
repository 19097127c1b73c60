#include "tests/collector/detect/stories.hpp"

namespace {

Target stranger() {
  Target target = star();
  target.known_upstreams.clear();
  return target;
}

}  // namespace

TEST_CASE("what a table has held for a day is known at once, and no news") {
  StoryTeller story{{stranger()}};
  story.add_peers(20, 2);
  story.table(0s, -25h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kThreeOfFour, kTtkPath);
  const Findings found = told(story, 2h);
  CHECK(lines_of(found.events) == Lines{"0 upstream_discovered AS4837 learning",
                                        "3600 upstream_candidate AS20485 first_sight",
                                        "3660 upstream_probable AS20485 score_and_consensus",
                                        "3780 upstream_new AS20485 broad_switch"});
  CHECK(found.events[0].severity == Severity::Info);
  CHECK(found.events[0].share == 1);
}

TEST_CASE("without such a table the first day is spent learning, and its upstreams are no news") {
  StoryTeller story{{stranger()}};
  story.add_peers(20, 2);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kThreeOfFour, kTtkPath);
  story.announce(25h, story.peers(), kThreeOfFour, "174 3216 131279");
  const Findings found = told(story, 26h);
  const Lines lines = lines_of(found.events);
  REQUIRE(lines.size() >= 5);
  CHECK(lines[0] == "180 upstream_discovered AS4837 learning");
  CHECK(lines[1] == "3780 upstream_discovered AS20485 learning");
  CHECK(lines[2] == "90000 upstream_candidate AS3216 first_sight");
  CHECK(the_only(found, EventType::UpstreamNew).upstream == Asn{3216});
}

TEST_CASE("what is learned must have stood, and must carry one percent") {
  StoryTeller story{{stranger()}};
  story.add_peers(20, 2);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 20), kStarPrefixes, kTtkPath);
  story.announce(1h + 170s, story.peers(0, 20), kStarPrefixes, kUnicomPath);
  CHECK(lines_of(told(story, 20h).events) == Lines{"180 upstream_discovered AS4837 learning"});
}

TEST_CASE("learning goes on until three groups see the target") {
  StoryTeller story{{stranger()}};
  story.add_peers(2, 2);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(30h, story.peers(), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 40h);
  CHECK(count_of(found, EventType::UpstreamDiscovered) == 2);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 0);
}

TEST_CASE("known upstreams end learning before it begins, seen or not") {
  StoryTeller story{{star()}};
  story.add_peers(20, 2);
  story.announce(0s, story.peers(), kStarPrefixes, kTtkPath);
  // Nobody switched from anything: it was found, it did not come.
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(the_only(found, EventType::UpstreamDiscovered).rule == "control_plane_only");
  CHECK(the_only(found, EventType::UpstreamDiscovered).severity == Severity::Info);
}

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

TEST_CASE(
    "another origin of a watched prefix is told when three groups have seen it for a minute") {
  StoryTeller story{{star()}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 3), {"175.45.176.0/24"}, "3356 51040");
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"3660 origin_change - origin"});
  CHECK(found.events[0].summary ==
        "175.45.176.0/24 is originated by AS51040, which is not of star: 3 vantage ASes see it");
  StoryTeller two{{star()}};
  two.add_peers(20, 2);
  two.table(0s, -24h, two.peers(), kStarPrefixes, kUnicomPath);
  two.announce(1h, two.peers(0, 2), {"175.45.176.0/24"}, "3356 51040");
  CHECK(told(two, 3h).events.empty());
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
