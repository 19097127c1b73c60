#include "tests/collector/detect/stories.hpp"

namespace {

StoryTeller quiet_world(std::size_t peers = 20) {
  StoryTeller story{{star()}};
  story.add_peers(peers);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  return story;
}

std::vector<RouteInterval> intervals_of(const Findings& found, const VantagePoint& vantage) {
  std::vector<RouteInterval> list;
  for (const RouteInterval& interval : found.intervals) {
    if (interval.vantage == vantage) {
      list.push_back(interval);
    }
  }
  return list;
}

}  // namespace

TEST_CASE("a session that is lost ends the peer's routes, and says nothing of the target") {
  StoryTeller story = quiet_world();
  story.session_down(1h, story.peers(0, 1));
  const Findings found = told(story, 2h);
  CHECK(found.events.empty());
  const auto list = intervals_of(found, story.peers()[0]);
  REQUIRE(list.size() == 8);
  for (std::size_t i = 4; i < 8; ++i) {
    CHECK(seconds_of(list[i].until) == 3600);
  }
}

TEST_CASE("a session that is made anew forgets what the peer said before") {
  StoryTeller story = quiet_world();
  story.session_up(1h, story.peers(0, 1));
  story.announce(1h, story.peers(0, 1), {"175.45.176.0/24"}, kUnicomPath);
  const auto list = intervals_of(told(story, 2h), story.peers()[0]);
  REQUIRE(list.size() == 9);
  CHECK_FALSE(list.back().until);
  CHECK(seconds_of(list.back().from) == 3600);
}

TEST_CASE("a session belongs to one peer address at one collector") {
  StoryTeller story{{star()}};
  story.add_peers(4);
  const VantagePoint other = story.add_peer(10'001, "rrc00");  // another address of the same AS
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.session_down(1h, story.peers(0, 1));
  const Findings found = told(story, 2h);
  CHECK(intervals_of(found, other).size() == 4);
  CHECK(intervals_of(found, story.peers()[0]).size() == 8);
}

TEST_CASE("many sessions lost at the same time are no withdrawal and no blackout") {
  StoryTeller story = quiet_world();
  story.announce(100s, story.peers(0, 10), kStarPrefixes, kTtkPath);
  story.session_down(1h, story.peers(0, 10));
  const Findings found = told(story, 5h);
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
  CHECK(count_of(found, EventType::UpstreamWithdrawn) == 0);
  CHECK(count_of(found, EventType::TargetUnreachable) == 0);
}

TEST_CASE("routes that come back with the session are no news") {
  StoryTeller story = quiet_world();
  story.session_down(1h, story.peers(0, 8));
  story.session_up(1h + 2min, story.peers(0, 8));
  story.announce(1h + 2min + 5s, story.peers(0, 8), kStarPrefixes, kUnicomPath);
  CHECK(told(story, 3h).events.empty());
}

TEST_CASE("groups whose session broke in the moment of their change have changed all the same") {
  StoryTeller story = quiet_world();
  story.session_down(1h, story.peers(0, 8));
  story.session_up(1h + 2min, story.peers(0, 8));
  story.announce(1h + 2min + 5s, story.peers(0, 8), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  const Event& event = the_only(found, EventType::UpstreamNew);
  CHECK(line_of(event) == "3905 upstream_new AS20485 broad_switch");
  CHECK(event.witnesses[0].path_before == "10001 6939 4837 131279");
}

TEST_CASE("a peer that comes back after more than a day is a new witness, not one that switched") {
  StoryTeller story = quiet_world();
  story.session_down(1h, story.peers(0, 8));
  story.announce(26h, story.peers(0, 8), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 28h);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(count_of(found, EventType::UpstreamDiscovered) == 1);
}

TEST_CASE("with ADD-PATH each path of a peer counts, and ends by itself") {
  StoryTeller story = quiet_world(12);
  for (std::size_t i = 0; i < 10; ++i) {
    Tiding& second = story.add(RouteKind::Announce, 100s, story.peers()[i]);
    second.route.prefix = *Prefix::parse("175.45.176.0/24");
    second.route.path_id = 7;
    second.attributes.as_path = *AsPath::parse("10001 9002 20485 131279");
  }
  const Findings found = story.tell(2000s);
  const Event& event = the_only(found, EventType::UpstreamDiscovered);
  CHECK(event.prefixes.size() == 1);
  // Half of the votes of ten groups of twelve, for one prefix of four.
  CHECK(event.share == Approx(10.0 / 24 / 4));
  Tiding& gone = story.add(RouteKind::Withdraw, 1000s, story.peers()[0]);
  gone.route.prefix = *Prefix::parse("175.45.176.0/24");
  gone.route.path_id = 7;
  const auto list = intervals_of(story.tell(2000s), story.peers()[0]);
  CHECK(std::count_if(list.begin(), list.end(),
                      [](const auto& interval) { return interval.until.has_value(); }) == 1);
}
