#include <random>

#include "tests/collector/detect/stories.hpp"

namespace {

/// A world without sense: groups, prefixes, paths, sessions and probes at random.
class RandomWorld {
 public:
  explicit RandomWorld(std::uint64_t seed) : random_{seed} {}

  StoryTeller story() {
    Target other{.name = "other", .origins = {Asn{64600}}, .known_upstreams = {Asn{3356}}};
    other.prefixes = {Prefix::parse("2001:db8::/32").value(),
                      Prefix::parse("198.51.100.0/24").value()};
    Target learner = star();
    learner.known_upstreams.clear();
    DetectorSettings settings;
    settings.learning = 20min;
    settings.establish = 90min;
    StoryTeller story{{upto(2) == 0 ? learner : star(), other}, settings};
    const std::size_t peers = 4 + upto(20);
    story.add_peers(peers, 1 + upto(3));
    // Two peers of one AS are one group.
    story.add_peer(10'001, "rrc07");
    if (upto(4) != 0) {
      story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
    }
    const std::size_t count = 60 + upto(240);
    for (std::size_t i = 0; i < count; ++i) {
      happen(story);
    }
    return story;
  }

 private:
  std::uint32_t upto(std::size_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  Duration moment() {
    // Whole seconds too, so that inputs meet at one instant.
    const auto time = Duration{static_cast<std::int64_t>(random_() % 7'200'000'000)};
    return upto(3) == 0 ? std::chrono::floor<std::chrono::minutes>(time) : time;
  }
  StoryTeller::Prefixes some_prefixes() {
    StoryTeller::Prefixes prefixes;
    for (const std::string& prefix : kStarPrefixes) {
      if (upto(3) != 0) {
        prefixes.push_back(prefix);
      }
    }
    return prefixes;
  }
  void happen(StoryTeller& story) {
    static const std::vector<std::string> paths{kUnicomPath,
                                                kTtkPath,
                                                "131279",
                                                "3356 9304 131279",
                                                "22351 131279 51040",
                                                "4837 4837 131279 131279",
                                                "9002 64512 131279",
                                                "174 9304 3356 20485 131279",
                                                "20485 4837 131279",
                                                "3356 64666"};
    const std::size_t first = upto(story.peers().size());
    const std::size_t count = 1 + upto(story.peers().size() - first);
    const auto who = story.peers(first, count);
    switch (upto(12)) {
      case 0:
        return story.session_down(moment(), story.peers(first, 1));
      case 1:
        return story.session_up(moment(), story.peers(first, 1));
      case 2:
      case 3:
        return story.withdraw(moment(), who, some_prefixes());
      case 4:
        return story.announce(moment(), who, {"2001:db8::/32", "198.51.100.0/24"},
                              upto(2) == 0 ? "3356 64600" : "1299 20485 64600");
      case 5:
        return probe(story);
      default:
        return story.announce(moment(), who, some_prefixes(), paths[upto(paths.size())]);
    }
  }
  void probe(StoryTeller& story) {
    Observation seen;
    seen.target = "star";
    seen.vantage = {Plane::Data, "probes", IpAddress::v4(0xcb007100 + upto(9)),
                    Asn{20'000 + upto(5)}};
    seen.prefix = Prefix::parse(kStarPrefixes[upto(4)]).value();
    seen.time = kStoryStart + moment();
    seen.evidence_id = 1 + random_() % 1'000'000'000;
    seen.grade = static_cast<Grade>(upto(4));
    seen.verdict = upto(5) == 0 ? Verdict::Unreachable : Verdict::Upstream;
    if (seen.verdict == Verdict::Upstream) {
      seen.upstreams = {Asn{upto(2) == 0 ? 4837U : 20485U}};
      seen.path = {seen.vantage.asn, seen.upstreams.front(), Asn{131279}};
    }
    story.trace(seen);
  }

  std::mt19937_64 random_;
};

/// The story of October 2017 in short: TTK comes, goes, a blackout, and it comes again.
StoryTeller founding_story() {
  StoryTeller story{{star()}};
  story.add_peers(24, 3);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  for (std::size_t i = 0; i < 24; ++i) {
    const auto who = story.peers(i, 1);
    const Duration jitter = std::chrono::milliseconds{1'370 * static_cast<int>(i)};
    story.announce(10min + jitter, who, kThreeOfFour, kTtkPath);
    story.announce(77min + jitter, who, kThreeOfFour, kUnicomPath);
    story.withdraw(110min + jitter, who, kStarPrefixes);
    story.announce(115min + jitter, who, kStarPrefixes, kUnicomPath);
    story.announce(180min + jitter, who, kThreeOfFour, kTtkPath);
  }
  return story;
}

/// The first line that two findings do not share; empty if they are the same.
std::string difference(const std::string& left, const std::string& right) {
  if (left == right) {
    return {};
  }
  const auto [one, other] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  const auto line_at = [](const std::string& text, std::string::const_iterator place) {
    const auto begin = std::find(std::make_reverse_iterator(place), text.rend(), '\n').base();
    return std::string{begin, std::find(place, text.end(), '\n')};
  };
  return line_at(left, one) + "\n" + line_at(right, other);
}

/// Told straight and in many other ways: the same bytes.
void check_one_story(const StoryTeller& story, Duration until, std::uint64_t seeds) {
  const std::string straight = serialised(told(story, until));
  const auto differs = [&](Telling how) {
    return difference(straight, serialised(story.tell(until, how)));
  };
  REQUIRE(differs({.keeps_still = true}) == "");
  REQUIRE(differs({.copies = 3}) == "");
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("telling " << seed);
    REQUIRE(differs({.seed = seed, .copies = seed % 2 == 0 ? 3 : 1}) == "");
  }
}

}  // namespace

TEST_CASE("the founding story is the same however it is told") {
  const StoryTeller story = founding_story();
  const Findings found = told(story, 5h);
  CHECK(count_of(found, EventType::UpstreamNew) == 1);
  CHECK(count_of(found, EventType::UpstreamWithdrawn) == 1);
  CHECK(count_of(found, EventType::UpstreamLost) == 0);
  CHECK(count_of(found, EventType::UpstreamReturned) == 1);
  CHECK(count_of(found, EventType::TargetUnreachable) == 1);
  check_one_story(story, 5h, 12);
}

TEST_CASE("worlds without sense yield the same findings however they are told") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("world " << seed);
    check_one_story(RandomWorld{seed}.story(), 4h, 3);
  }
}

TEST_CASE("a difference of one input shows in the findings") {
  // What the other cases compare would be worth nothing if it did not.
  StoryTeller story = founding_story();
  const std::string before = serialised(story.tell(5h));
  story.announce(20min, story.peers(0, 1), {"175.45.177.0/24"}, kTtkPath);
  CHECK(serialised(story.tell(5h)) != before);
}
