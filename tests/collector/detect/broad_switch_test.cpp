#include "tests/collector/detect/stories.hpp"

namespace {

/// What is varied of a switch; by itself it is one that is confirmed.
struct Switch {
  std::size_t peers = 20;
  std::size_t collectors = 2;
  std::size_t movers = 8;
  Duration stands = 10min;
  std::string path = kTtkPath;
  std::string before = kUnicomPath;
};

StoryTeller story_of(const Switch& what) {
  StoryTeller story{{star()}};
  story.add_peers(what.peers, what.collectors);
  story.table(0s, -24h, story.peers(), kStarPrefixes, what.before);
  const auto movers = story.peers(0, what.movers);
  story.announce(100s, movers, kStarPrefixes, what.path);
  story.announce(100s + what.stands, movers, kStarPrefixes, kUnicomPath);
  return story;
}

std::vector<std::string> first_lines(const Switch& what, Duration until) {
  return lines_of(told(story_of(what), until).events);
}

}  // namespace

TEST_CASE("eight of twenty groups at two collectors that stand three minutes are a new upstream") {
  const Findings found = told(story_of({}), 400s);
  CHECK(lines_of(found.events) == Lines{"100 upstream_candidate AS20485 first_sight",
                                        "160 upstream_probable AS20485 score_and_consensus",
                                        "280 upstream_new AS20485 broad_switch"});
  const Event& event = the_only(found, EventType::UpstreamNew);
  CHECK(event.severity == Severity::Warning);
  CHECK(event.share == Approx(0.4));
  CHECK(seconds_of(event.first_seen) == 100);
  CHECK(seconds_of(event.probable_at) == 160);
  CHECK(seconds_of(event.confirmed_at) == 280);
  CHECK(event.previous_upstreams == std::vector<UpstreamShare>{{Asn{4837}, 1.0}});
  CHECK(event.witnesses.size() == 8);
  CHECK(event.counter_evidence.size() == 12);
  CHECK(event.prefixes.size() == 4);
  CHECK(event.prefixes[0].share_before == 0);
  CHECK(event.prefixes[0].share_after == Approx(0.4));
  CHECK(event.confidence == Approx(1 / (1 + std::exp(-1.0))));
  CHECK(event.score == 10);
  CHECK(event.terms == std::vector<ScoreTerm>{{"bgp", "", 6}, {"switch", "", 4}});
  CHECK(event.planes == std::vector{Plane::Control});
}

TEST_CASE("a new upstream that carries half of the space or more is critical") {
  const Findings found = told(story_of({.movers = 10}), 400s);
  CHECK(the_only(found, EventType::UpstreamNew).severity == Severity::Critical);
}

TEST_CASE("seven groups are no broad switch") {
  CHECK(first_lines({.movers = 7}, 600s) == Lines{"100 upstream_candidate AS20485 first_sight"});
}

TEST_CASE("eight groups at one collector are no broad switch") {
  CHECK(first_lines({.collectors = 1}, 600s) ==
        Lines{"100 upstream_candidate AS20485 first_sight"});
}

TEST_CASE("eight of forty-one groups are less than a fifth") {
  CHECK(count_of(told(story_of({.peers = 40}), 600s), EventType::UpstreamNew) == 1);
  CHECK(count_of(told(story_of({.peers = 41}), 600s), EventType::UpstreamNew) == 0);
}

TEST_CASE("groups that stand no longer than three minutes are no new upstream") {
  CHECK(count_of(told(story_of({.stands = 180s + 1us}), 600s), EventType::UpstreamNew) == 1);
  CHECK(count_of(told(story_of({.stands = 180s}), 600s), EventType::UpstreamNew) == 0);
  CHECK(count_of(told(story_of({.stands = 179s}), 600s), EventType::UpstreamNew) == 0);
}

TEST_CASE("paths of the shape of a leak are no new upstream") {
  const Switch leak{.path = "174 9304 3356 20485 131279"};
  const Findings found = told(story_of(leak), 600s);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 1);
  CHECK(count_of(found, EventType::UpstreamProbable) == 0);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
}

TEST_CASE("half of the groups with the shape of a leak are enough to hold back") {
  for (const std::size_t leaking : {4U, 3U}) {
    StoryTeller story{{star()}};
    story.add_peers(20);
    story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
    story.announce(100s, story.peers(0, leaking), kStarPrefixes, "174 9304 3356 20485 131279");
    story.announce(100s, story.peers(leaking, 8 - leaking), kStarPrefixes, kTtkPath);
    CHECK(count_of(told(story, 600s), EventType::UpstreamNew) == (leaking == 4 ? 0 : 1));
  }
}

TEST_CASE("groups that had no known upstream before have not switched") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(8, 12), kStarPrefixes, kUnicomPath);
  story.announce(100s, story.peers(0, 8), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 800s);
  CHECK(count_of(found, EventType::UpstreamNew) == 0);
  CHECK(count_of(found, EventType::UpstreamProbable) == 0);
}

TEST_CASE("groups that left a known upstream more than a day ago have not switched") {
  for (const Duration away : {23h + 0min, 25h + 0min}) {
    StoryTeller story{{star()}};
    story.add_peers(20);
    story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
    story.withdraw(100s, story.peers(0, 8), kStarPrefixes);
    story.announce(100s + away, story.peers(0, 8), kStarPrefixes, kTtkPath);
    const Findings found = told(story, 100s + away + 10min);
    CHECK(count_of(found, EventType::UpstreamNew) == (away < 24h ? 1 : 0));
  }
}

TEST_CASE("many sessions of one AS are one group") {
  StoryTeller story{{star()}};
  for (int i = 0; i < 8; ++i) {
    story.add_peer(10'001, i % 2 == 0 ? "rrc00" : "rrc01");
  }
  story.add_peers(12);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(100s, story.peers(0, 8), kStarPrefixes, kTtkPath);
  CHECK(lines_of(told(story, 800s).events) == Lines{"100 upstream_candidate AS20485 first_sight"});
}

TEST_CASE("groups that come one after the other are told when the eighth has stood") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  for (std::size_t i = 0; i < 12; ++i) {
    story.announce(100s + i * 60s, story.peers(i, 1), kStarPrefixes, kTtkPath);
  }
  const Findings found = told(story, 1000s);
  CHECK(line_of(the_only(found, EventType::UpstreamNew)) ==
        "700 upstream_new AS20485 broad_switch");
  CHECK(seconds_of(the_only(found, EventType::UpstreamNew).first_seen) == 100);
}

TEST_CASE("an upstream that sees itself as one, and nobody else does, has only its own word") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  const VantagePoint ttk = story.add_peer(20485, "rrc13");
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(100s, std::vector{ttk}, kStarPrefixes, "131279");
  const Findings found = told(story, 2000s);
  CHECK(lines_of(found.events) == Lines{"100 upstream_candidate AS20485 first_sight"});
  CHECK(the_only(found, EventType::UpstreamCandidate).terms.empty());
}
