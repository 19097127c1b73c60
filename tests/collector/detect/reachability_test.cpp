#include "tests/collector/detect/stories.hpp"

namespace {

StoryTeller quiet_world(std::size_t peers = 20) {
  StoryTeller story{{star()}};
  story.add_peers(peers);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  return story;
}

}  // namespace

TEST_CASE("a target that four of five groups have lost for a minute is unreachable") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(0, 16), kStarPrefixes);
  story.announce(2h, story.peers(0, 16), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"3660 target_unreachable - part_of_groups",
                                        "7200 target_reachable - part_of_groups"});
  const Event& gone = the_only(found, EventType::TargetUnreachable);
  CHECK(gone.severity == Severity::Critical);
  CHECK(seconds_of(gone.first_seen) == 3600);
  CHECK(gone.summary ==
        "star cannot be reached since 2020-01-01T01:00:00Z: 80 % of 20 vantage ASes have no route");
  const Event& back = the_only(found, EventType::TargetReachable);
  CHECK(back.amends == gone.id);
  CHECK(back.summary == "star can be reached again after 1h");
}

TEST_CASE("a target that comes back within a minute was never told as gone") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(1h + 59s, story.peers(), kStarPrefixes, kUnicomPath);
  CHECK(told(story, 3h).events.empty());
}

TEST_CASE("a group that keeps one of its prefixes still reaches the target") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(), kThreeOfFour);
  CHECK(count_of(told(story, 3h), EventType::TargetUnreachable) == 0);
}

TEST_CASE("a target is back when half of the groups have it again") {
  for (const std::size_t back : {9U, 10U}) {
    StoryTeller story = quiet_world();
    story.withdraw(1h, story.peers(), kStarPrefixes);
    story.announce(2h, story.peers(0, back), kStarPrefixes, kUnicomPath);
    CHECK(count_of(told(story, 3h), EventType::TargetReachable) == (back == 10 ? 1 : 0));
  }
}

TEST_CASE("peers that hang up do not make an unreachable target reachable") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.session_down(2h, story.peers());
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::TargetUnreachable) == 1);
  CHECK(count_of(found, EventType::TargetReachable) == 0);
}

TEST_CASE("a third of the groups without a route for a quarter of an hour is a loss") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(0, 6), kStarPrefixes);
  const Findings found = told(story, 3h);
  REQUIRE(lines_of(found.events) == Lines{"4500 propagation_loss - part_of_groups"});
  CHECK(seconds_of(found.events[0].first_seen) == 3600);
  StoryTeller fewer = quiet_world();
  fewer.withdraw(1h, fewer.peers(0, 5), kStarPrefixes);
  CHECK(told(fewer, 3h).events.empty());
  StoryTeller shorter = quiet_world();
  shorter.withdraw(1h, shorter.peers(0, 6), kStarPrefixes);
  shorter.announce(1h + 899s, shorter.peers(0, 1), kStarPrefixes, kUnicomPath);
  CHECK(told(shorter, 3h).events.empty());
}

TEST_CASE("while the target is gone nothing is withdrawn, and nothing is confirmed") {
  // Four blackouts as in October 2017: the way back leads over the other upstream first.
  StoryTeller story = quiet_world();
  story.announce(100s, story.peers(), kThreeOfFour, kTtkPath);
  for (int i = 1; i <= 4; ++i) {
    story.withdraw(i * 1h, story.peers(), kStarPrefixes);
    story.announce(i * 1h + 8min, story.peers(), kStarPrefixes, kUnicomPath);
    story.announce(i * 1h + 8min + 200s, story.peers(), kThreeOfFour, kTtkPath);
  }
  const Findings found = told(story, 6h);
  CHECK(count_of(found, EventType::TargetUnreachable) == 4);
  CHECK(count_of(found, EventType::TargetReachable) == 4);
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
  CHECK(count_of(found, EventType::UpstreamLost) == 0);
  CHECK(count_of(found, EventType::UpstreamWithdrawn) == 0);
}

TEST_CASE("an upstream that a tenth of the groups show during a blackout is not confirmed") {
  StoryTeller story = quiet_world(60);
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(1h + 10s, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::TargetUnreachable) == 1);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 1);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
}

TEST_CASE("when more than half of the groups fall away at once, coverage is low for a while") {
  StoryTeller story = quiet_world();
  story.session_down(1h, story.peers(0, 11));
  const Findings found = told(story, 3h);
  REQUIRE(lines_of(found.events) ==
          Lines{"3600 coverage_low - live_groups", "3720 coverage_ok - live_groups"});
  CHECK(found.events[0].severity == Severity::Warning);
  CHECK(found.events[0].summary == "only 9 vantage ASes see star; nothing is confirmed meanwhile");
  StoryTeller half = quiet_world();
  half.session_down(1h, half.peers(0, 10));
  CHECK(told(half, 3h).events.empty());
}

TEST_CASE("when groups fall away one after the other, coverage is low too") {
  StoryTeller story = quiet_world();
  for (std::size_t i = 0; i < 11; ++i) {
    story.session_down(1h + i * 5s, story.peers(i, 1));
  }
  const Findings found = told(story, 3h);
  REQUIRE_FALSE(found.events.empty());
  CHECK(line_of(found.events.front()) == "3650 coverage_low - live_groups");
}

TEST_CASE("with fewer than three groups coverage stays low until there are more") {
  StoryTeller story = quiet_world(4);
  story.session_down(1h, story.peers(0, 2));
  story.table(2h, -24h, story.peers(0, 2), kStarPrefixes, kUnicomPath);
  CHECK(lines_of(told(story, 3h).events) ==
        Lines{"3600 coverage_low - live_groups", "7200 coverage_ok - live_groups"});
}

TEST_CASE("while coverage is low nothing is confirmed; afterwards it is") {
  StoryTeller story{{star()}};
  story.add_peers(30);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  story.session_down(1h + 170s, story.peers(10, 20));
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) ==
        Lines{"3600 upstream_candidate AS20485 first_sight",
              "3660 upstream_probable AS20485 score_and_consensus",
              "3770 coverage_low - live_groups", "3890 upstream_new AS20485 broad_switch",
              "3890 coverage_ok - live_groups", "4190 upstream_lost AS4837 gone_elsewhere"});
}
