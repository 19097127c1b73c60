#include "collector/detect/storms.hpp"

#include <fmt/format.h>

#include "tests/collector/detect/stories.hpp"

namespace {

std::vector<Target> many_targets(std::size_t count) {
  std::vector<Target> list;
  for (std::size_t i = 0; i < count; ++i) {
    Target target{.name = fmt::format("t{:02}", i),
                  .origins = {Asn{64'000 + static_cast<std::uint32_t>(i)}},
                  .known_upstreams = {Asn{174}, Asn{1299}}};
    target.prefixes = {Prefix::parse(fmt::format("10.0.{}.0/24", i)).value()};
    list.push_back(std::move(target));
  }
  return list;
}

/// AS174 leaves all targets within five minutes.
StoryTeller mass_loss(std::size_t count) {
  StoryTeller story{many_targets(count)};
  story.add_peers(10, 2);
  for (std::size_t i = 0; i < count; ++i) {
    const StoryTeller::Prefixes prefix{fmt::format("10.0.{}.0/24", i)};
    story.table(0s, -24h, story.peers(), prefix, fmt::format("174 {}", 64'000 + i));
    story.announce(10min + i * 15s, story.peers(), prefix, fmt::format("1299 {}", 64'000 + i));
  }
  return story;
}

}  // namespace

TEST_CASE("one upstream that leaves many targets at once is told as one change") {
  const StoryTeller story = mass_loss(20);
  const Findings found = told(story, 1h);
  CHECK(count_of(found, EventType::UpstreamLost) == 5);
  const Event& last = found.events.back();
  CHECK(last.type == EventType::Amended);
  CHECK(last.rule == "storm_over");
  CHECK(last.summary.find("left 20 targets") != std::string::npos);
  const auto grouped = std::find_if(found.events.begin(), found.events.end(),
                                    [](const Event& event) { return event.rule == "storm"; });
  REQUIRE(grouped != found.events.end());
  CHECK(last.amends == grouped->id);
  CHECK(serialised(story.tell(1h, {.seed = 5, .copies = 2})) == serialised(found));
}

TEST_CASE("four targets are no storm") {
  const Findings found = told(mass_loss(4), 1h);
  CHECK(count_of(found, EventType::UpstreamLost) == 4);
  CHECK(count_of(found, EventType::Amended) == 0);
}
