#include "tests/collector/detect/stories.hpp"

namespace {

constexpr Duration kComes = 10min;

/// Twenty groups, of which AS20485 takes three of four prefixes at ten minutes; all is confirmed at
/// thirteen.
StoryTeller arrival() {
  StoryTeller story{{star()}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(kComes, story.peers(), kThreeOfFour, kTtkPath);
  return story;
}

void leave(StoryTeller& story, Duration at, std::size_t first = 0, std::size_t count = 20) {
  story.announce(at, story.peers(first, count), kThreeOfFour, kUnicomPath);
}

/// All that is told after the confirmation.
Lines later_lines(const Findings& found) {
  Lines lines = lines_of(found.events);
  const auto is_new = [](const std::string& line) { return line.find("_new") != line.npos; };
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), is_new) + 1);
  return lines;
}

}  // namespace

TEST_CASE("an upstream that all groups have left for another is withdrawn after five minutes") {
  StoryTeller story = arrival();
  leave(story, 1h);
  const Findings found = told(story, 3h);
  CHECK(later_lines(found) == Lines{"3900 upstream_withdrawn AS20485 gone_elsewhere"});
  const Event& event = found.events.back();
  CHECK(event.severity == Severity::Warning);
  CHECK(seconds_of(event.ended_at) == to_seconds(1h));
  CHECK(event.amends == the_only(found, EventType::UpstreamNew).id);
  CHECK(event.prefixes.size() == 3);
  for (const PrefixChange& change : event.prefixes) {
    CHECK(change.share_before == 1);
    CHECK(change.share_after == 0);
  }
  CHECK(event.summary ==
        "AS20485 carries star no more since 2020-01-01T01:00:00Z; 20 of its 20 "
        "vantage ASes go over AS4837 now");
}

TEST_CASE("one that comes back within five minutes was never withdrawn") {
  StoryTeller story = arrival();
  leave(story, 1h);
  story.announce(1h + 299s, story.peers(), kThreeOfFour, kTtkPath);
  CHECK(later_lines(told(story, 3h)).empty());
}

TEST_CASE("four fifths of the groups must have gone elsewhere") {
  // The others have lost the prefixes altogether, and say nothing of where they go.
  for (const std::size_t movers : {15U, 16U}) {
    StoryTeller story = arrival();
    leave(story, 1h, 0, movers);
    story.withdraw(1h, story.peers(movers, 20 - movers), kStarPrefixes);
    INFO(movers);
    CHECK(count_of(told(story, 80min), EventType::UpstreamWithdrawn) == (movers == 16 ? 1 : 0));
  }
}

TEST_CASE("a blackout is no withdrawal, however long") {
  StoryTeller story = arrival();
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(3h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(3h + 2min, story.peers(), kThreeOfFour, kTtkPath);
  CHECK(later_lines(told(story, 5h)) == Lines{"3660 target_unreachable - part_of_groups",
                                              "10800 target_reachable - part_of_groups"});
}

TEST_CASE("two zombies hold an upstream for an hour and a half, and no longer") {
  StoryTeller story = arrival();
  leave(story, 1h, 2, 18);
  const Findings found = told(story, 4h);
  CHECK(later_lines(found) == Lines{"4500 share_shift AS4837 share_difference",
                                    "9000 upstream_withdrawn AS20485 gone_elsewhere"});
  // What is left of it is said.
  REQUIRE(found.events.back().prefixes.size() == 3);
  CHECK(found.events.back().prefixes[0].share_before == 1);
  CHECK(found.events.back().prefixes[0].share_after == Approx(0.1));
}

TEST_CASE("three groups that stay are no zombies") {
  StoryTeller story = arrival();
  leave(story, 1h, 3, 17);
  CHECK(count_of(told(story, 12h), EventType::UpstreamWithdrawn) == 0);
}

TEST_CASE("what a dead session last said holds nobody") {
  StoryTeller story = arrival();
  leave(story, 1h, 3, 17);
  story.session_down(90min, story.peers(0, 3));
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::PrefixMoved) == 3);  // three groups had stayed
  CHECK(seconds_of(the_only(found, EventType::UpstreamWithdrawn).time) == to_seconds(95min));
}

TEST_CASE("one that passes by does not hold the others") {
  StoryTeller story = arrival();
  leave(story, 1h);
  for (const Duration at : {61min, 62min, 63min, 64min}) {
    story.announce(at, story.peers(0, 1), {"175.45.176.0/24"}, kTtkPath);
    story.announce(at + 20s, story.peers(0, 1), {"175.45.176.0/24"}, kUnicomPath);
  }
  CHECK(later_lines(told(story, 3h)) == Lines{"3900 upstream_withdrawn AS20485 gone_elsewhere"});
}

TEST_CASE("a known upstream that leaves is lost, and critical") {
  StoryTeller story{{star()}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(kComes, story.peers(), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(later_lines(found) == Lines{"900 upstream_lost AS4837 gone_elsewhere"});
  CHECK(found.events.back().severity == Severity::Critical);
}

TEST_CASE("a withdrawal tells of the prefixes that went with it, not of those that had moved") {
  StoryTeller story = arrival();
  story.announce(1h, story.peers(), {"175.45.176.0/24"}, kUnicomPath);
  story.announce(2h, story.peers(), {"175.45.178.0/24", "175.45.179.0/24"}, kUnicomPath);
  const Findings found = told(story, 4h);
  CHECK(later_lines(found) == Lines{"3780 prefix_moved AS4837 majority_of_groups",
                                    "7500 upstream_withdrawn AS20485 gone_elsewhere"});
  std::vector<std::string> prefixes;
  for (const PrefixChange& change : found.events.back().prefixes) {
    prefixes.push_back(change.prefix.to_string());
  }
  CHECK(prefixes == std::vector<std::string>{"175.45.178.0/24", "175.45.179.0/24"});
}

TEST_CASE("what comes back after its withdrawal has returned, and is no news") {
  StoryTeller story = arrival();
  leave(story, 1h);
  story.announce(2h, story.peers(), kThreeOfFour, kTtkPath);
  const Findings found = told(story, 4h);
  CHECK(later_lines(found) == Lines{"3900 upstream_withdrawn AS20485 gone_elsewhere",
                                    "7320 upstream_returned AS20485 control_plane_only"});
  const Event& event = found.events.back();
  CHECK(event.severity == Severity::Info);
  CHECK(seconds_of(event.first_seen) == to_seconds(2h));
  CHECK(event.share == Approx(0.75));
  CHECK(event.terms.back() == ScoreTerm{"prior.known_edge", "", 1.0});
}

TEST_CASE("after a day's absence the return is a warning") {
  StoryTeller story = arrival();
  leave(story, 1h);
  story.announce(26h, story.peers(), kThreeOfFour, kTtkPath);
  CHECK(the_only(told(story, 27h), EventType::UpstreamReturned).severity == Severity::Warning);
}

TEST_CASE("a return needs a quorum that has stood two minutes") {
  StoryTeller story = arrival();
  leave(story, 1h);
  story.announce(2h, story.peers(0, 2), kThreeOfFour, kTtkPath);
  CHECK(count_of(told(story, 4h), EventType::UpstreamReturned) == 0);
  story.announce(150min, story.peers(2, 1), kThreeOfFour, kTtkPath);
  CHECK(seconds_of(the_only(told(story, 4h), EventType::UpstreamReturned).time) ==
        to_seconds(152min));
}

TEST_CASE("peers that never gave an upstream up do not say that it is back") {
  StoryTeller story = arrival();
  leave(story, 1h, 2, 18);
  // Two zombies and one that comes by: no three that came back.
  story.announce(5h, story.peers(10, 1), kThreeOfFour, kTtkPath);
  CHECK(count_of(told(story, 8h), EventType::UpstreamReturned) == 0);
}

TEST_CASE("what comes more than three times a day flaps, is told so once, and then is quiet") {
  StoryTeller story = arrival();
  for (int i = 0; i < 6; ++i) {
    leave(story, 1h + i * 1h);
    story.announce(90min + i * 1h, story.peers(), kThreeOfFour, kTtkPath);
  }
  const Findings found = told(story, 9h);
  CHECK(count_of(found, EventType::UpstreamReturned) == 2);
  CHECK(count_of(found, EventType::UpstreamWithdrawn) == 3);
  CHECK(count_of(found, EventType::UpstreamFlapping) == 1);
  CHECK(seconds_of(the_only(found, EventType::UpstreamFlapping).time) ==
        to_seconds(90min + 2h + 2min));
}

TEST_CASE("an upstream is established when it has stood a week") {
  StoryTeller story = arrival();
  const Findings found = told(story, 24h * 8);
  CHECK(later_lines(found) ==
        Lines{fmt::format("{} upstream_established AS20485 age", 13 * 60 + 7 * 86400)});
  leave(story, 24h * 9);
  CHECK(count_of(told(story, 24h * 10), EventType::UpstreamLost) == 1);
}
