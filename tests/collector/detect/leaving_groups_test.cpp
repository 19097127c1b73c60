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
