#include "tests/collector/detect/stories.hpp"

namespace {

/// Star JV as somebody watches it who knows nothing of it.
Target unknown_star() {
  Target target = star();
  target.known_upstreams.clear();
  return target;
}

}  // namespace

TEST_CASE("upstreams of the first day are learned, and none of them is news") {
  StoryTeller story{{unknown_star()}};
  story.add_peers(20);
  story.announce(0s, story.peers(0, 12), kStarPrefixes, kUnicomPath);
  story.announce(0s, story.peers(12, 8), kStarPrefixes, kTtkPath);
  story.announce(10h, story.peers(0, 3), kStarPrefixes, "3356 22351 131279");
  const Findings found = told(story, 30h);
  CHECK(lines_of(found.events) == Lines{"180 upstream_discovered AS4837 learning",
                                        "180 upstream_discovered AS20485 learning",
                                        "36180 upstream_discovered AS22351 learning"});
  CHECK(found.events[0].severity == Severity::Info);
  CHECK(found.events[0].share == Approx(0.6));
  CHECK(found.events[0].summary ==
        "AS4837 carries star: learned, 60 % of the space, seen from 12 of 20 vantage ASes");
}

TEST_CASE("what passes by within three minutes is not learned") {
  StoryTeller story{{unknown_star()}};
  story.add_peers(20);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  story.announce(1h + 179s, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  CHECK(lines_of(told(story, 20h).events) == Lines{"180 upstream_discovered AS4837 learning"});
}

TEST_CASE("after a day learning is over, and a further upstream is new") {
  for (const Duration at : {23h + 0min, 25h + 0min}) {
    StoryTeller story{{unknown_star()}};
    story.add_peers(20);
    story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
    story.announce(at, story.peers(0, 10), kStarPrefixes, kTtkPath);
    const Findings found = told(story, 30h);
    CHECK(count_of(found, EventType::UpstreamNew) == (at > 24h ? 1 : 0));
    CHECK(count_of(found, EventType::UpstreamDiscovered) == (at > 24h ? 1 : 2));
  }
}

TEST_CASE("a table whose routes have stood for a day ends learning at once") {
  StoryTeller story{{unknown_star()}};
  story.add_peers(20);
  story.table(0s, -25h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 2h);
  CHECK(lines_of(found.events) == Lines{"0 upstream_discovered AS4837 learning",
                                        "3600 upstream_candidate AS20485 first_sight",
                                        "3660 upstream_probable AS20485 score_and_consensus",
                                        "3780 upstream_new AS20485 broad_switch"});
}

TEST_CASE("fewer than three groups never end the learning") {
  StoryTeller story{{unknown_star()}};
  story.add_peers(2);
  story.table(0s, -48h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(72h, story.peers(0, 1), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 100h);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 0);
  CHECK(count_of(found, EventType::UpstreamDiscovered) == 2);
}

TEST_CASE("an upstream that goes while the others are learned is lost, and may return") {
  StoryTeller story{{unknown_star()}};
  story.add_peers(20);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kStarPrefixes, kTtkPath);
  story.announce(2h, story.peers(), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"180 upstream_discovered AS4837 learning",
                                        "3780 upstream_discovered AS20485 learning",
                                        "3900 upstream_lost AS4837 gone_elsewhere",
                                        "7320 upstream_returned AS4837 control_plane_only",
                                        "7320 failover AS4837 took_over",
                                        "7500 upstream_lost AS20485 gone_elsewhere"});
}

TEST_CASE("known upstreams end learning at once, also those that nobody shows") {
  Target target = star();
  target.known_upstreams = {Asn{4837}, Asn{9304}};
  StoryTeller story{{target}};
  story.add_peers(20);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 10), kStarPrefixes, "3356 9304 131279");
  story.announce(2h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::UpstreamDiscovered) == 0);
  for (const Event& event : found.events) {
    INFO(line_of(event));
    CHECK((event.upstream != Asn{9304} || event.type == EventType::PrefixMoved ||
           event.type == EventType::ShareShift || event.type == EventType::UpstreamLost));
  }
  CHECK(the_only(found, EventType::UpstreamNew).upstream == Asn{20485});
}

TEST_CASE("learning takes as long as it is told to") {
  StoryTeller story{{unknown_star()}, DetectorSettings{.learning = 2h}};
  story.add_peers(20);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(3h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  CHECK(count_of(told(story, 4h), EventType::UpstreamNew) == 1);
}

TEST_CASE("what was lost while others are learned is not learned a second time") {
  StoryTeller story{{unknown_star()}};
  story.add_peers(20);
  story.announce(0s, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kStarPrefixes, kTtkPath);
  story.announce(2h, story.peers(0, 2), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 3h);
  CHECK(count_of(found, EventType::UpstreamLost) == 1);
  CHECK(count_of(found, EventType::UpstreamDiscovered) == 2);
}
