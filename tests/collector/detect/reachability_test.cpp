#include "tests/collector/detect/stories.hpp"

namespace {

StoryTeller quiet_world(std::size_t peers = 20) {
  StoryTeller story{{star()}};
  story.add_peers(peers, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  return story;
}

}  // namespace

TEST_CASE("a target that four fifths have lost for a minute is unreachable until half are back") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(0, 16), kStarPrefixes);
  story.announce(2h, story.peers(0, 5), kStarPrefixes, kUnicomPath);
  story.announce(2h + 10s, story.peers(5, 1), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 2h + 10min);
  CHECK(lines_of(found.events) == Lines{"3660 target_unreachable - part_of_groups",
                                        "7210 target_reachable - part_of_groups"});
  CHECK(found.events[0].severity == Severity::Critical);
  CHECK(seconds_of(found.events[0].first_seen) == 3600);
  CHECK(found.events[0].summary ==
        "star cannot be reached since 2020-01-01T01:00:00Z: 80 % of 20 vantage ASes have no route");
  CHECK(found.events[1].amends == found.events[0].id);
  CHECK(found.events[1].summary == "star can be reached again after 1h10s");
}

TEST_CASE("less than four fifths, or less than a minute, is not unreachable") {
  StoryTeller fifteen = quiet_world();
  fifteen.withdraw(1h, fifteen.peers(0, 15), kStarPrefixes);
  CHECK(count_of(told(fifteen, 3h), EventType::TargetUnreachable) == 0);
  StoryTeller brief = quiet_world();
  brief.withdraw(1h, brief.peers(), kStarPrefixes);
  brief.announce(1h + 59s, brief.peers(), kStarPrefixes, kUnicomPath);
  CHECK(told(brief, 3h).events.empty());
}

TEST_CASE("a target that keeps one prefix is reachable") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(), kThreeOfFour);
  CHECK(count_of(told(story, 3h), EventType::TargetUnreachable) == 0);
}

TEST_CASE(
    "three tenths that have lost the target for a quarter of an hour are a propagation loss") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(0, 6), kStarPrefixes);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"4500 propagation_loss - part_of_groups"});
  CHECK(seconds_of(found.events[0].first_seen) == 3600);
  StoryTeller fewer = quiet_world();
  fewer.withdraw(1h, fewer.peers(0, 5), kStarPrefixes);
  CHECK(told(fewer, 3h).events.empty());
}

TEST_CASE("a loss is told once while it lasts, and again when all were back in between") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(0, 8), kStarPrefixes);
  story.announce(2h, story.peers(0, 4), kStarPrefixes, kUnicomPath);
  story.withdraw(3h, story.peers(0, 4), kStarPrefixes);
  CHECK(count_of(told(story, 6h), EventType::PropagationLoss) == 1);
  story.announce(7h, story.peers(0, 8), kStarPrefixes, kUnicomPath);
  story.withdraw(8h, story.peers(0, 8), kStarPrefixes);
  CHECK(count_of(told(story, 12h), EventType::PropagationLoss) == 2);
}

TEST_CASE("dead sessions are low coverage, which is no loss of the target") {
  StoryTeller story = quiet_world();
  story.session_down(1h, story.peers(0, 19));
  story.table(2h, 2h, story.peers(0, 19), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) ==
        Lines{"3600 coverage_low - live_groups", "7200 coverage_ok - live_groups"});
  CHECK(found.events[0].summary == "only 1 vantage ASes see star; nothing is confirmed meanwhile");
}

TEST_CASE("nothing is confirmed or withdrawn while few see the target") {
  StoryTeller story = quiet_world();
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  story.session_down(1h + 10s, story.peers(2, 18));
  const Findings found = told(story, 90min);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(count_of(found, EventType::UpstreamLost) == 0);
  CHECK(count_of(found, EventType::CoverageLow) == 1);
}

TEST_CASE("an upstream that comes after a blackout is told, with the blackout's end before it") {
  StoryTeller story = quiet_world();
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(90min, story.peers(), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
  CHECK(seconds_of(the_only(found, EventType::TargetReachable).time) == to_seconds(90min));
  CHECK(seconds_of(the_only(found, EventType::UpstreamNew).time) == to_seconds(93min));
  CHECK(seconds_of(the_only(found, EventType::UpstreamLost).time) == to_seconds(95min));
}
