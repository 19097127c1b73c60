#include "tests/collector/detect/stories.hpp"

namespace {

const StoryTeller::Prefixes kFirst{"175.45.176.0/24"};
const StoryTeller::Prefixes kTwo{"175.45.176.0/24", "175.45.177.0/24"};

/// Both upstreams are known; each has two prefixes.
StoryTeller two_upstreams(std::size_t peers = 20) {
  Target target = star();
  target.known_upstreams.push_back(Asn{20485});
  StoryTeller story{{target}};
  story.add_peers(peers, 2);
  story.table(0s, -24h, story.peers(), kTwo, kUnicomPath);
  story.table(0s, -24h, story.peers(), {"175.45.178.0/24", "175.45.179.0/24"}, kTtkPath);
  return story;
}

}  // namespace

TEST_CASE("a prefix that goes over to another known upstream has moved after three minutes") {
  StoryTeller story = two_upstreams();
  for (std::size_t i = 0; i < 20; ++i) {
    story.announce(1h + std::chrono::seconds{2 * i}, story.peers(i, 1), kFirst, kTtkPath);
  }
  const Findings found = told(story, 3h);
  // The eleventh of twenty made the majority, at 20 s.
  CHECK(lines_of(found.events) == Lines{"3800 prefix_moved AS20485 majority_of_groups"});
  const Event& event = found.events[0];
  CHECK(event.severity == Severity::Notice);
  CHECK(seconds_of(event.first_seen) == 3600);
  REQUIRE(event.prefixes.size() == 1);
  CHECK(event.prefixes[0] == PrefixChange{Prefix::parse("175.45.176.0/24").value(), 0, 1});
  CHECK(event.share == Approx(0.75));
  CHECK(event.summary ==
        "175.45.176.0/24 moved from AS4837 to AS20485 from 2020-01-01T01:00:00Z "
        "on: 100 % of its vantage ASes go there");
}

TEST_CASE(
    "half of the groups are no majority, and a move that is undone within three minutes none") {
  StoryTeller half = two_upstreams();
  half.announce(1h, half.peers(0, 10), kFirst, kTtkPath);
  CHECK(count_of(told(half, 3h), EventType::PrefixMoved) == 0);
  StoryTeller undone = two_upstreams();
  undone.announce(1h, undone.peers(), kFirst, kTtkPath);
  undone.announce(1h + 179s, undone.peers(), kFirst, kUnicomPath);
  CHECK(told(undone, 3h).events.empty());
}

TEST_CASE("a prefix that comes back has moved again") {
  StoryTeller story = two_upstreams();
  story.announce(1h, story.peers(), kFirst, kTtkPath);
  story.announce(2h, story.peers(), kFirst, kUnicomPath);
  CHECK(lines_of(told(story, 3h).events) == Lines{"3780 prefix_moved AS20485 majority_of_groups",
                                                  "7380 prefix_moved AS4837 majority_of_groups"});
}

TEST_CASE("prefixes that a new upstream takes along are told with it, and not one by one") {
  Target target = star();
  StoryTeller story{{target}};
  story.add_peers(20, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kThreeOfFour, kTtkPath);
  CHECK(count_of(told(story, 5h), EventType::PrefixMoved) == 0);
  // A fourth that follows an hour later is news of its own, as nobody is left on the old one.
  story.announce(2h, story.peers(), {"175.45.177.0/24"}, kTtkPath);
  const Findings found = told(story, 5h);
  CHECK(count_of(found, EventType::PrefixMoved) + count_of(found, EventType::UpstreamLost) == 1);
}

TEST_CASE("more than a fifth of the space that shifts for a quarter of an hour is told once") {
  StoryTeller story = two_upstreams();
  // Nine of twenty groups, for both prefixes of AS4837: no majority, 22.5 % of the space.
  story.announce(1h, story.peers(0, 9), kTwo, kTtkPath);
  const Findings found = told(story, 6h);
  CHECK(lines_of(found.events) == Lines{"4500 share_shift AS20485 share_difference"});
  CHECK(found.events[0].share == Approx(0.725));
  CHECK(found.events[0].previous_upstreams ==
        std::vector<UpstreamShare>{{Asn{4837}, 0.5}, {Asn{20485}, 0.5}});
  StoryTeller less = two_upstreams();
  less.announce(1h, less.peers(0, 8), kTwo, kTtkPath);
  CHECK(told(less, 6h).events.empty());
  StoryTeller brief = two_upstreams();
  brief.announce(1h, brief.peers(0, 9), kTwo, kTtkPath);
  brief.announce(1h + 14min, brief.peers(0, 9), kTwo, kUnicomPath);
  CHECK(told(brief, 6h).events.empty());
}

TEST_CASE("a blackout moves nothing") {
  StoryTeller story = two_upstreams();
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(90min, story.peers(), kTwo, kUnicomPath);
  story.announce(90min, story.peers(), {"175.45.178.0/24", "175.45.179.0/24"}, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::PrefixMoved) == 0);
  CHECK(count_of(found, EventType::ShareShift) == 0);
}
