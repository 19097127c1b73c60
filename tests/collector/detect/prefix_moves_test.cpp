#include "tests/collector/detect/stories.hpp"

namespace {

/// Two known upstreams: AS4837 for .177, AS20485 for the others.
StoryTeller divided_world(std::size_t peers = 20) {
  Target target = star();
  target.known_upstreams = {Asn{4837}, Asn{20485}};
  StoryTeller story{{target}};
  story.add_peers(peers);
  story.table(0s, -24h, story.peers(), {"175.45.177.0/24"}, kUnicomPath);
  story.table(0s, -24h, story.peers(), kThreeOfFour, kTtkPath);
  return story;
}

}  // namespace

TEST_CASE("a prefix that more than half of the groups take elsewhere has moved") {
  StoryTeller story = divided_world();
  story.announce(1h, story.peers(0, 1), {"175.45.176.0/24"}, kUnicomPath);
  story.announce(1h + 30s, story.peers(1, 10), {"175.45.176.0/24"}, kUnicomPath);
  const Findings found = told(story, 3h);
  REQUIRE(lines_of(found.events) == Lines{"3810 prefix_moved AS4837 majority_of_groups"});
  const Event& event = found.events[0];
  CHECK(event.severity == Severity::Notice);
  CHECK(seconds_of(event.first_seen) == 3600);
  CHECK(event.prefixes.size() == 1);
  CHECK(event.prefixes[0].prefix.to_string() == "175.45.176.0/24");
  CHECK(event.prefixes[0].share_after == Approx(11.0 / 20));
  CHECK(event.previous_upstreams == std::vector<UpstreamShare>{{Asn{20485}, 9.0 / 20}});
  CHECK(event.share == Approx((20.0 + 11) / 80));
}

TEST_CASE("half of the groups have not moved a prefix") {
  StoryTeller story = divided_world();
  story.announce(1h, story.peers(0, 10), {"175.45.176.0/24"}, kUnicomPath);
  CHECK(told(story, 3h).events.empty());
}

TEST_CASE("a prefix that goes back within three minutes has not moved") {
  for (const Duration away : {179s, 180s, 181s}) {
    StoryTeller story = divided_world();
    story.announce(1h, story.peers(), {"175.45.176.0/24"}, kUnicomPath);
    story.announce(1h + away, story.peers(), {"175.45.176.0/24"}, kTtkPath);
    CHECK(count_of(told(story, 1h + away + 1min), EventType::PrefixMoved) == (away > 180s ? 1 : 0));
  }
}

TEST_CASE("the coming of an upstream is told with its prefixes, which are not told again") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kThreeOfFour, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
  CHECK(count_of(found, EventType::PrefixMoved) == 0);
  CHECK(count_of(found, EventType::ShareShift) == 0);
  const Event& event = the_only(found, EventType::UpstreamNew);
  CHECK(event.prefixes.size() == 3);
  CHECK(event.share == Approx(0.75));
}

TEST_CASE("the prefixes that leave with an upstream are not told one by one either") {
  StoryTeller story = divided_world();
  story.announce(1h, story.peers(), kThreeOfFour, kUnicomPath);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"3900 upstream_lost AS20485 gone_elsewhere"});
}

TEST_CASE("the second day of October 2017: two of three prefixes go back one after the other") {
  StoryTeller story = divided_world(24);
  story.announce(1h, story.peers(), {"175.45.176.0/24"}, kUnicomPath);
  story.announce(3h, story.peers(), {"175.45.179.0/24"}, kUnicomPath);
  const Findings found = told(story, 5h);
  REQUIRE(lines_of(found.events) == Lines{"3780 prefix_moved AS4837 majority_of_groups",
                                          "10980 prefix_moved AS4837 majority_of_groups"});
  CHECK(found.events[0].share == 0.5);
  CHECK(found.events[1].share == 0.75);
  CHECK(found.events[1].prefixes[0].prefix.to_string() == "175.45.179.0/24");
}

TEST_CASE(
    "shares that shift by a fifth for a quarter of an hour are told, no prefix having moved") {
  // 176, 178 and 179 of 20 groups: nine of them go over, 45 % of three quarters of the space.
  StoryTeller story = divided_world();
  story.announce(1h, story.peers(0, 9), kThreeOfFour, kUnicomPath);
  const Findings found = told(story, 3h);
  REQUIRE(lines_of(found.events) == Lines{"4500 share_shift AS4837 share_difference"});
  CHECK(found.events[0].share == Approx(0.25 + 0.45 * 0.75));
  CHECK(found.events[0].previous_upstreams ==
        std::vector<UpstreamShare>{{Asn{4837}, 0.25}, {Asn{20485}, 0.75}});
  CHECK(seconds_of(found.events[0].first_seen) == 3600);
}

TEST_CASE("shares that shift by less, or not for long, are not told") {
  StoryTeller less = divided_world();
  less.announce(1h, less.peers(0, 5), kThreeOfFour, kUnicomPath);
  CHECK(told(less, 3h).events.empty());
  StoryTeller shorter = divided_world();
  shorter.announce(1h, shorter.peers(0, 9), kThreeOfFour, kUnicomPath);
  shorter.announce(1h + 899s, shorter.peers(0, 9), kThreeOfFour, kTtkPath);
  CHECK(told(shorter, 3h).events.empty());
}

TEST_CASE("while the target cannot be reached no prefix moves") {
  StoryTeller story = divided_world();
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(1h + 10s, story.peers(0, 3), kThreeOfFour, kUnicomPath);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"3660 target_unreachable - part_of_groups"});
}
