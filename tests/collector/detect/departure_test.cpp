#include "tests/collector/detect/stories.hpp"

namespace {

/// Twenty groups on AS4837, ten of which go over to AS20485 after 100 s: new at 280 s.
StoryTeller with_new_upstream(std::size_t movers = 10, std::size_t peers = 20) {
  StoryTeller story{{star()}};
  story.add_peers(peers);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(100s, story.peers(0, movers), kStarPrefixes, kTtkPath);
  return story;
}

/// The further life of AS20485, after what every such story begins with.
Lines after_the_start(const Findings& found) {
  std::vector<Event> events;
  for (const Event& event : found.events) {
    const bool is_life = to_string(event.type).starts_with("upstream_");
    if (is_life && event.upstream == Asn{20485}) {
      events.push_back(event);
    }
  }
  Lines lines = lines_of(events);
  REQUIRE(lines.size() >= 3);
  REQUIRE(lines[2] == "280 upstream_new AS20485 broad_switch");
  lines.erase(lines.begin(), lines.begin() + 3);
  return lines;
}

}  // namespace

TEST_CASE("an upstream that all have left for another for five minutes is withdrawn") {
  StoryTeller story = with_new_upstream();
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 2h);
  CHECK(after_the_start(found) == Lines{"3900 upstream_withdrawn AS20485 gone_elsewhere"});
  const Event& event = the_only(found, EventType::UpstreamWithdrawn);
  CHECK(event.severity == Severity::Warning);
  CHECK(seconds_of(event.ended_at) == 3600);
  CHECK(event.share == 0);
  CHECK(event.amends == the_only(found, EventType::UpstreamNew).id);
  CHECK(event.prefixes.size() == 4);
  CHECK(event.summary ==
        "AS20485 carries star no more since 2020-01-01T01:00:00Z; 10 of its 10 vantage ASes go "
        "over AS4837 now");
}

TEST_CASE("an upstream that all leave but come back to within five minutes is not withdrawn") {
  StoryTeller story = with_new_upstream();
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  story.announce(1h + 299s, story.peers(0, 10), kStarPrefixes, kTtkPath);
  CHECK(after_the_start(told(story, 3h)).empty());
}

TEST_CASE("an established upstream that all have left is lost, which is critical") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 2h);
  const Event& event = the_only(found, EventType::UpstreamLost);
  CHECK(line_of(event) == "3900 upstream_lost AS4837 gone_elsewhere");
  CHECK(event.severity == Severity::Critical);
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
}

TEST_CASE("a new upstream is established after seven days, and then lost instead of withdrawn") {
  StoryTeller story = with_new_upstream();
  constexpr Duration kWeek = 7 * 24h;
  story.announce(kWeek + 1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, kWeek + 2h);
  CHECK(
      after_the_start(found) ==
      Lines{fmt::format("{} upstream_established AS20485 age", to_seconds(kWeek + 280s)),
            fmt::format("{} upstream_lost AS20485 gone_elsewhere", to_seconds(kWeek + 1h + 5min))});
}

TEST_CASE("an upstream whose groups have lost the target altogether is not withdrawn") {
  StoryTeller story = with_new_upstream(6);
  story.withdraw(1h, story.peers(0, 6), kStarPrefixes);
  const Findings found = told(story, 5h);
  CHECK(count_of(found, EventType::UpstreamWithdrawn) == 0);
}

TEST_CASE("as long as a fifth of its groups hold an upstream it stays") {
  // Eight of ten are 80 %, but the two that are left are more than a tenth of it.
  StoryTeller story = with_new_upstream();
  story.announce(1h, story.peers(0, 8), kStarPrefixes, kUnicomPath);
  CHECK(after_the_start(told(story, 5h)).empty());
}

TEST_CASE("a zombie does not bring back a withdrawal's prefixes twice") {
  StoryTeller story = with_new_upstream(20, 30);
  story.announce(1h, story.peers(2, 18), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 12h);
  const Event& event = the_only(found, EventType::UpstreamWithdrawn);
  REQUIRE(event.prefixes.size() == 4);
  CHECK(event.prefixes[0].share_after == Approx(2.0 / 30));
}

TEST_CASE("a zombie and one that comes by are no return") {
  StoryTeller story = with_new_upstream(20, 30);
  story.announce(1h, story.peers(2, 18), kStarPrefixes, kUnicomPath);
  story.announce(5h, story.peers(5, 2), kStarPrefixes, kTtkPath);
  story.announce(6h, story.peers(5, 2), kStarPrefixes, kUnicomPath);
  CHECK(after_the_start(told(story, 12h)) ==
        Lines{"9000 upstream_withdrawn AS20485 gone_elsewhere"});
  story.announce(8h, story.peers(5, 3), kStarPrefixes, kTtkPath);
  CHECK(line_of(the_only(told(story, 12h), EventType::UpstreamReturned)) ==
        "28920 upstream_returned AS20485 control_plane_only");
}

TEST_CASE("two zombies of twenty hold an upstream for an hour and a half, three for ever") {
  for (const std::size_t zombies : {2U, 3U}) {
    StoryTeller story = with_new_upstream(20, 30);
    story.announce(1h, story.peers(zombies, 20 - zombies), kStarPrefixes, kUnicomPath);
    const Findings found = told(story, 12h);
    CHECK(after_the_start(found) ==
          (zombies == 2 ? Lines{"9000 upstream_withdrawn AS20485 gone_elsewhere"} : Lines{}));
  }
}

TEST_CASE("an upstream that comes back is told after two minutes, as no more than information") {
  StoryTeller story = with_new_upstream();
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  story.announce(2h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(after_the_start(found) == Lines{"3900 upstream_withdrawn AS20485 gone_elsewhere",
                                        "7320 upstream_returned AS20485 control_plane_only"});
  const Event& event = the_only(found, EventType::UpstreamReturned);
  CHECK(event.severity == Severity::Info);
  CHECK(seconds_of(event.first_seen) == 7200);
  CHECK(event.share == Approx(0.5));
  CHECK(event.amends == the_only(found, EventType::UpstreamWithdrawn).id);
  CHECK(event.terms ==
        std::vector<ScoreTerm>{{"bgp", "", 6}, {"switch", "", 5}, {"prior.known_edge", "", 1}});
}

TEST_CASE("a return is seen when it was, not when somebody looked at it first") {
  StoryTeller story = with_new_upstream();
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  // Minutes after the withdrawal was told, and with other news meanwhile.
  story.announce(3950s, story.peers(15, 1), kStarPrefixes, "3356 4837 131279");
  story.announce(4000s, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(seconds_of(the_only(found, EventType::UpstreamReturned).first_seen) == 4000);
}

TEST_CASE("two groups bring nothing back, three do") {
  for (const std::size_t groups : {2U, 3U}) {
    StoryTeller story = with_new_upstream();
    story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
    story.announce(2h, story.peers(0, groups), kStarPrefixes, kTtkPath);
    CHECK(count_of(told(story, 4h), EventType::UpstreamReturned) == (groups == 3 ? 1 : 0));
  }
}

TEST_CASE("a return that stands less than two minutes is none") {
  for (const Duration stands : {Duration{120s}, Duration{120s + 1us}}) {
    StoryTeller story = with_new_upstream();
    story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
    story.announce(2h, story.peers(0, 10), kStarPrefixes, kTtkPath);
    story.announce(2h + stands, story.peers(0, 10), kStarPrefixes, kUnicomPath);
    CHECK(count_of(told(story, 4h), EventType::UpstreamReturned) == (stands > 120s ? 1 : 0));
  }
}

TEST_CASE("after a day away a return is a warning") {
  StoryTeller story = with_new_upstream();
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  story.announce(26h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  CHECK(the_only(told(story, 27h), EventType::UpstreamReturned).severity == Severity::Warning);
}

TEST_CASE("an upstream that flapped once and was quiet for days is told when it goes") {
  StoryTeller story = with_new_upstream();
  for (int i = 0; i < 5; ++i) {
    story.announce(1h + i * 1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
    story.announce(1h + i * 1h + 30min, story.peers(0, 10), kStarPrefixes, kTtkPath);
  }
  story.announce(72h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 80h);
  CHECK(count_of(found, EventType::UpstreamFlapping) == 1);
  CHECK(line_of(found.events.back()) ==
        fmt::format("{} upstream_withdrawn AS20485 gone_elsewhere", to_seconds(72h + 5min)));
}

TEST_CASE("an upstream that comes and goes is told as flapping, and then no more for a while") {
  StoryTeller story = with_new_upstream();
  for (int i = 0; i < 8; ++i) {
    story.announce(1h + i * 1h, story.peers(0, 10), kStarPrefixes, kUnicomPath);
    story.announce(1h + i * 1h + 30min, story.peers(0, 10), kStarPrefixes, kTtkPath);
  }
  const Findings found = told(story, 24h);
  CHECK(after_the_start(found) == Lines{"3900 upstream_withdrawn AS20485 gone_elsewhere",
                                        "5520 upstream_returned AS20485 control_plane_only",
                                        "7500 upstream_withdrawn AS20485 gone_elsewhere",
                                        "9120 upstream_returned AS20485 control_plane_only",
                                        "11100 upstream_withdrawn AS20485 gone_elsewhere",
                                        "12720 upstream_flapping AS20485 flap"});
  CHECK(the_only(found, EventType::UpstreamFlapping).severity == Severity::Warning);
}

TEST_CASE("a configured upstream that was lost comes back, with a score that can be computed") {
  StoryTeller story{{star()}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(), kStarPrefixes, kTtkPath);
  story.announce(3h, story.peers(), kStarPrefixes, kUnicomPath);
  const Findings found = told(story, 4h);
  CHECK(count_of(found, EventType::UpstreamLost) == 1);
  const Event& event = the_only(found, EventType::UpstreamReturned);
  CHECK(event.upstream == Asn{4837});
  CHECK(event.terms.back() == ScoreTerm{"prior.known_edge", "", 1});
}
