#include "tests/collector/detect/stories.hpp"

namespace {

Target without_list(std::string name, std::uint32_t origin) {
  return {.name = std::move(name), .origins = {Asn{origin}}, .known_upstreams = {Asn{4837}}};
}

std::set<std::string> prefixes_of(const Findings& found, const std::string& target = "star") {
  std::set<std::string> prefixes;
  for (const RouteInterval& interval : found.intervals) {
    if (interval.target == target) {
      prefixes.insert(interval.prefix.to_string());
    }
  }
  return prefixes;
}

}  // namespace

TEST_CASE("without a list every prefix is watched that the target originates") {
  StoryTeller story{{without_list("star", 131279)}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.table(0s, -24h, story.peers(), {"2001:db8:131::/48"}, kUnicomPath);
  story.table(0s, -24h, story.peers(), {"8.8.8.0/24"}, "6939 15169");
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 2h);
  CHECK(prefixes_of(found) == std::set<std::string>{"175.45.176.0/24", "175.45.177.0/24",
                                                    "175.45.178.0/24", "175.45.179.0/24",
                                                    "2001:db8:131::/48"});
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
}

TEST_CASE("a prefix that is announced later is watched from then on") {
  StoryTeller story{{without_list("star", 131279)}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), {"175.45.176.0/24"}, kUnicomPath);
  story.announce(1h, story.peers(), {"175.45.180.0/24"}, kTtkPath);
  story.withdraw(2h, story.peers(), {"175.45.180.0/24"});
  const Findings found = told(story, 3h);
  CHECK(prefixes_of(found).contains("175.45.180.0/24"));
  CHECK(count_of(found, EventType::UpstreamCandidate) == 1);
}

TEST_CASE("a prefix that changed hands is watched from the first moment") {
  // AS9198 had it first; the target takes it over, and AS9198 takes it back.
  StoryTeller story{{without_list("star", 131279)}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kThreeOfFour, kUnicomPath);
  story.announce(1h, story.peers(), {"175.45.177.0/24"}, "3356 9198");
  story.announce(2h, story.peers(0, 1), {"175.45.177.0/24"}, kUnicomPath);
  story.announce(2h + 5s, story.peers(1, 4), {"175.45.177.0/24"}, "1299 9198");
  const Findings found = told(story, 3h);
  CHECK(lines_of(found.events) == Lines{"7265 origin_change - origin"});
  CHECK(prefixes_of(found).contains("175.45.177.0/24"));
}

TEST_CASE("with a list nothing else is watched but what lies within") {
  Target target = star();
  target.prefixes = {*Prefix::parse("175.45.176.0/23")};
  StoryTeller story{{target}};
  story.add_peers(5);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  CHECK(prefixes_of(told(story, 1h)) ==
        std::set<std::string>{"175.45.176.0/24", "175.45.177.0/24"});
}

TEST_CASE("several targets are watched apart") {
  StoryTeller story{{star(), without_list("etecsa", 11960)}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.table(0s, -24h, story.peers(), {"200.55.128.0/19"}, "6939 4837 11960");
  story.announce(1h, story.peers(0, 10), {"200.55.128.0/19"}, "6939 12956 11960");
  story.announce(2h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 3h);
  CHECK(prefixes_of(found, "etecsa") == std::set<std::string>{"200.55.128.0/19"});
  std::vector<std::string> news;
  for (const Event& event : found.events) {
    if (event.type == EventType::UpstreamNew) {
      news.push_back(event.target + " " + line_of(event));
    }
  }
  CHECK(news == Lines{"etecsa 3780 upstream_new AS12956 broad_switch",
                      "star 7380 upstream_new AS20485 broad_switch"});
}

TEST_CASE("two targets may watch the same prefix") {
  Target again = star();
  again.name = "star again";
  again.known_upstreams = {Asn{4837}, Asn{20485}};
  StoryTeller story{{star(), again}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(1h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  const Findings found = told(story, 2h);
  CHECK(the_only(found, EventType::UpstreamNew).target == "star");
  CHECK(prefixes_of(found, "star again").size() == 4);
}

TEST_CASE("IPv6 is watched like IPv4, and each family for itself") {
  Target target = star();
  target.prefixes.push_back(*Prefix::parse("2001:db8:131::/48"));
  StoryTeller story{{target}};
  story.add_peers(20);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.table(0s, -24h, story.peers(), {"2001:db8:131::/48"}, kUnicomPath);
  story.announce(1h, story.peers(0, 10), {"2001:db8:131::/48"}, kTtkPath);
  story.announce(2h, story.peers(0, 10), kStarPrefixes, kTtkPath);
  story.withdraw(3h, story.peers(), {"2001:db8:131::/48"});
  const Findings found = told(story, 4h);
  Lines lines;
  for (const Event& event : found.events) {
    lines.push_back(std::string{to_string(event.family)} + " " + line_of(event));
  }
  CHECK(lines == Lines{"ipv6 3600 upstream_candidate AS20485 first_sight",
                       "ipv6 3660 upstream_probable AS20485 score_and_consensus",
                       "ipv6 3780 upstream_new AS20485 broad_switch",
                       "ipv4 7200 upstream_candidate AS20485 first_sight",
                       "ipv4 7260 upstream_probable AS20485 score_and_consensus",
                       "ipv4 7380 upstream_new AS20485 broad_switch",
                       "ipv6 10860 target_unreachable - part_of_groups"});
  for (const Event& event : found.events) {
    for (const Witness& witness : event.witnesses) {
      CHECK(witness.prefix.family() == event.family);
    }
  }
}

TEST_CASE("what was asked for in vain costs nothing and tells nothing") {
  StoryTeller story{{star()}};
  story.add_peers(3);
  story.withdraw(1h, story.peers(), kStarPrefixes);
  story.announce(2h, story.peers(), {"8.8.8.0/24"}, "3356 15169");
  const Findings found = told(story, 3h);
  CHECK(found.events.empty());
  CHECK(found.intervals.empty());
  CHECK(found.observations.empty());
  CHECK(StoryTeller{{}}.tell(1h).events.empty());
}
