#include "tests/collector/detect/stories.hpp"

namespace {

/// Twelve groups on AS4837 since a day before, and some others that nobody has heard of so far.
StoryTeller twelve_on_unicom(std::size_t others, std::size_t collectors = 2) {
  StoryTeller story{{star()}};
  story.add_peers(12 + others, collectors);
  story.table(0s, -24h, story.peers(0, 12), kStarPrefixes, kUnicomPath);
  return story;
}

}  // namespace

TEST_CASE("five groups that came from nowhere find an upstream out in a quarter of an hour") {
  StoryTeller story = twelve_on_unicom(5);
  story.announce(100s, story.peers(12, 5), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3000s);
  CHECK(lines_of(found.events) == Lines{"100 upstream_candidate AS20485 first_sight",
                                        "1000 upstream_discovered AS20485 control_plane_only"});
  const Event& event = the_only(found, EventType::UpstreamDiscovered);
  CHECK(event.severity == Severity::Info);
  CHECK(event.confidence <= 0.80);
  CHECK(event.score == 6);
  CHECK(event.witnesses.size() == 5);
  CHECK(event.share == Approx(5.0 / 17));
}

TEST_CASE("how long an upstream has been there does not depend on what else was going on") {
  const bool busy = GENERATE(false, true);
  StoryTeller story = twelve_on_unicom(5);
  story.announce(100s, story.peers(12, 5), kStarPrefixes, kTtkPath);
  for (Duration at = 200s; busy && at < 2000s; at += 50s) {
    story.announce(at, story.peers(0, 1), {"175.45.176.0/24"},
                   at / 50s % 2 == 0 ? kUnicomPath : "1299 4837 131279");
  }
  const Findings found = told(story, 3000s);
  const Event& event = the_only(found, EventType::UpstreamDiscovered);
  CHECK(seconds_of(event.time) == 1000);
  CHECK(seconds_of(event.first_seen) == 100);
  CHECK(event.previous_upstreams == std::vector<UpstreamShare>{{Asn{4837}, 1.0}});
}

TEST_CASE("one group among them that went over makes it a new upstream") {
  StoryTeller story = twelve_on_unicom(4);
  story.announce(100s, story.peers(11, 5), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3000s);
  const Event& event = the_only(found, EventType::UpstreamNew);
  CHECK(line_of(event) == "1000 upstream_new AS20485 control_plane_only");
  CHECK(event.severity == Severity::Warning);
  CHECK(event.terms == std::vector<ScoreTerm>{{"bgp", "", 6}, {"switch", "", 0.5}});
}

TEST_CASE("four groups are not enough without traceroutes, nor are five at one collector") {
  StoryTeller four = twelve_on_unicom(4);
  four.announce(100s, four.peers(12, 4), kStarPrefixes, kTtkPath);
  CHECK(lines_of(told(four, 24h).events) == Lines{"100 upstream_candidate AS20485 first_sight"});
  StoryTeller one = twelve_on_unicom(5, 1);
  one.announce(100s, one.peers(12, 5), kStarPrefixes, kTtkPath);
  CHECK(lines_of(told(one, 24h).events) == Lines{"100 upstream_candidate AS20485 first_sight"});
}

TEST_CASE("five groups that stand for 900 seconds less a moment find nothing out") {
  StoryTeller story = twelve_on_unicom(5);
  story.announce(100s, story.peers(12, 5), kStarPrefixes, kTtkPath);
  story.announce(1000s, story.peers(12, 1), kStarPrefixes, kUnicomPath);
  CHECK(lines_of(told(story, 2000s).events) == Lines{"100 upstream_candidate AS20485 first_sight"});
}

TEST_CASE("paths that look leaked find no upstream out, and are told as what they are") {
  StoryTeller story = twelve_on_unicom(5);
  story.announce(100s, story.peers(12, 5), kStarPrefixes, "174 9304 3356 20485 131279");
  const Findings found = told(story, 3000s);
  CHECK(lines_of(found.events) == Lines{"100 upstream_candidate AS20485 first_sight",
                                        "280 suspected_leak AS20485 leak_shape"});
}

TEST_CASE("an upstream that the first table names beside the configured one is found out at once") {
  StoryTeller story = twelve_on_unicom(5);
  story.table(0s, -2h, story.peers(12, 5), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 100s);
  CHECK(lines_of(found.events) == Lines{"0 upstream_candidate AS20485 first_sight",
                                        "0 upstream_discovered AS20485 control_plane_only"});
  CHECK(the_only(found, EventType::UpstreamDiscovered).first_seen == kStoryStart - 2h);
}

TEST_CASE("sets of ASes count half") {
  // Ten groups with an AS_SET are as good as five without.
  for (const std::size_t groups : {9U, 10U}) {
    StoryTeller story = twelve_on_unicom(10);
    story.announce(100s, story.peers(12, groups), kStarPrefixes, "3356 {20485,9198} 131279");
    const Findings found = told(story, 3000s);
    CHECK(count_of(found, EventType::UpstreamDiscovered) == (groups == 10 ? 2 : 0));
    CHECK(count_of(found, EventType::UpstreamCandidate) == 2);
  }
}

TEST_CASE("one group that names a set of ASes makes no candidate, two do") {
  StoryTeller story = twelve_on_unicom(2);
  story.announce(100s, story.peers(12, 1), kStarPrefixes, "3356 {20485,9198} 131279");
  CHECK(told(story, 1000s).events.empty());
  story.announce(200s, story.peers(13, 1), {"175.45.176.0/24"}, "3356 {20485,9198} 131279");
  CHECK(lines_of(told(story, 1000s).events) == Lines{"200 upstream_candidate AS9198 first_sight",
                                                     "200 upstream_candidate AS20485 first_sight"});
}

TEST_CASE("a front AS that slides in between is told as inserted") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  for (std::size_t i = 0; i < 20; ++i) {
    story.announce(100s + i * 5s, story.peers(i, 1), kStarPrefixes, "6939 4837 134544 131279");
  }
  const Findings found = told(story, 3000s);
  const Event& event = the_only(found, EventType::UpstreamInserted);
  CHECK(event.upstream == Asn{134544});
  CHECK(event.severity == Severity::Notice);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
}

TEST_CASE("an upstream that came between for some, while others keep the old one, is new") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(100s, story.peers(0, 18), kStarPrefixes, "6939 4837 134544 131279");
  const Findings found = told(story, 3000s);
  CHECK(count_of(found, EventType::UpstreamInserted) == 0);
  CHECK(the_only(found, EventType::UpstreamNew).upstream == Asn{134544});
}
