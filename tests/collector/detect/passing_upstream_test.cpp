#include <random>

#include "tests/collector/detect/stories.hpp"

namespace {

StoryTeller quiet_world(std::size_t peers = 24) {
  StoryTeller story{{star()}};
  story.add_peers(peers, 3);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  return story;
}

/// One group names AS20485 for a minute.
void pass_by(StoryTeller& story, Duration at, std::size_t peer = 0) {
  story.announce(at, story.peers(peer, 1), {"175.45.176.0/24"}, kTtkPath);
  story.announce(at + 60s, story.peers(peer, 1), {"175.45.176.0/24"}, kUnicomPath);
}

}  // namespace

TEST_CASE("the excursion of one group is a candidate, and is dismissed when half an hour is over") {
  StoryTeller story = quiet_world();
  pass_by(story, 100s);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) ==
        Lines{"100 upstream_candidate AS20485 first_sight", "1960 dismissed AS20485 idle"});
  const Event& candidate = the_only(found, EventType::UpstreamCandidate);
  CHECK(candidate.severity == Severity::Info);
  CHECK(candidate.witnesses.size() == 1);
  CHECK(candidate.witnesses[0].path_before == "10001 6939 4837 131279");
  CHECK(candidate.witnesses[0].path_after == "10001 9002 20485 131279");
  CHECK(candidate.witnesses[0].switched);
  const Event& dismissed = the_only(found, EventType::Dismissed);
  CHECK(dismissed.amends == candidate.id);
  CHECK(dismissed.summary ==
        "AS20485 was a passing sight for star: gone since 2020-01-01T00:02:40Z");
}

TEST_CASE("a sight that lasted for hours in a quiet world is not dismissed before its time") {
  StoryTeller story = quiet_world();
  story.announce(100s, story.peers(0, 1), {"175.45.176.0/24"}, kTtkPath);
  story.announce(5h, story.peers(0, 1), {"175.45.176.0/24"}, kUnicomPath);
  CHECK(lines_of(told(story, 10h).events) ==
        Lines{"100 upstream_candidate AS20485 first_sight",
              fmt::format("{} dismissed AS20485 idle", (5 * 60 + 30) * 60)});
}

TEST_CASE("a candidate that comes again within half an hour is not dismissed in between") {
  StoryTeller story = quiet_world();
  pass_by(story, 100s);
  pass_by(story, 1500s, 1);
  CHECK(lines_of(told(story, 3h).events) ==
        Lines{"100 upstream_candidate AS20485 first_sight", "3360 dismissed AS20485 idle"});
}

TEST_CASE("a passing sight is told once a day at most") {
  StoryTeller story = quiet_world();
  for (const Duration at : {1h, 3h, 7h, 19h}) {
    pass_by(story, at);
  }
  CHECK(lines_of(told(story, 40h).events) ==
        Lines{"3600 upstream_candidate AS20485 first_sight", "5460 dismissed AS20485 idle"});
  pass_by(story, 44h);
  const Findings found = told(story, 48h);
  CHECK(count_of(found, EventType::UpstreamCandidate) == 2);
  CHECK(seconds_of(found.events.back().time) == to_seconds(44h + 31min));
}

TEST_CASE("what was dismissed an hour ago can still turn out to be new") {
  StoryTeller story = quiet_world();
  pass_by(story, 100s);
  story.announce(2h, story.peers(0, 12), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"100 upstream_candidate AS20485 first_sight",
                                        "1960 dismissed AS20485 idle",
                                        "7260 upstream_probable AS20485 score_and_consensus",
                                        "7380 upstream_new AS20485 broad_switch"});
  CHECK(seconds_of(the_only(found, EventType::UpstreamNew).first_seen) == to_seconds(2h));
}

TEST_CASE("support that was gone for more than ten minutes starts anew") {
  for (const Duration pause : {9min, 11min}) {
    StoryTeller story = quiet_world();
    pass_by(story, 100s);
    story.announce(160s + pause, story.peers(0, 12), kStarPrefixes, kTtkPath);
    const Event event = the_only(told(story, 1h), EventType::UpstreamNew);
    CHECK(seconds_of(event.first_seen) ==
          to_seconds(pause < 10min ? Duration{100s} : 160s + pause));
    CHECK(seconds_of(event.time) == to_seconds(340s + pause));
  }
}

TEST_CASE("path exploration never confirms, whatever its course") {
  // C20: excursions of 5 to 180 s on a withdrawal, at many peers.
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    std::mt19937_64 random{seed};
    const auto between = [&](Duration low, Duration high) {
      return low + Duration{static_cast<std::int64_t>(
                       random() % static_cast<std::uint64_t>((high - low).count() + 1))};
    };
    StoryTeller story = quiet_world();
    for (int withdrawal = 0; withdrawal < 2; ++withdrawal) {
      const Duration begin = 1h + withdrawal * 2h;
      for (std::size_t i = 0; i < 24; ++i) {
        const auto who = story.peers(i, 1);
        Duration at = begin + between(0s, 30s);
        const Duration end = at + between(5s, 180s);
        while (at < end) {
          const bool ttk = random() % 3 != 0;
          story.announce(at, who, kStarPrefixes, ttk ? kTtkPath : "3356 9304 131279");
          // Once a longer way over the same upstream, as explorers do.
          at += between(1s, std::max<Duration>(1s, end - at));
        }
        if (random() % 2 == 0) {
          story.withdraw(end, who, kStarPrefixes);
        }
        story.announce(end + between(0s, 60s), who, kStarPrefixes, kUnicomPath);
      }
    }
    INFO("seed " << seed);
    const Findings found = told(story, 12h);
    for (const Event& event : found.events) {
      INFO(line_of(event));
      REQUIRE((event.type == EventType::UpstreamCandidate ||
               event.type == EventType::UpstreamProbable || event.type == EventType::Dismissed ||
               event.type == EventType::TargetUnreachable ||
               event.type == EventType::TargetReachable));
    }
    REQUIRE(count_of(found, EventType::UpstreamCandidate) >= 1);
  }
}
