#include "collector/detect/snapshot.hpp"

#include "tests/collector/detect/stories.hpp"
#include "tests/support/random_world.hpp"

namespace {

void append(Findings& all, Findings part) {
  std::move(part.events.begin(), part.events.end(), std::back_inserter(all.events));
  std::move(part.intervals.begin(), part.intervals.end(), std::back_inserter(all.intervals));
  std::move(part.observations.begin(), part.observations.end(),
            std::back_inserter(all.observations));
}

/// Tells a story to a detector that is saved, destroyed and restored a number of times.
Findings told_with_restarts(const StoryTeller& story, Duration until, std::size_t restarts) {
  auto detector = std::make_unique<collector::Detector>(story.targets(), story.settings());
  std::vector<const Tiding*> tidings;
  for (const Tiding& tiding : story.tidings()) {
    tidings.push_back(&tiding);
  }
  std::stable_sort(tidings.begin(), tidings.end(), [](const Tiding* left, const Tiding* right) {
    return left->time() < right->time();
  });
  Findings all;
  const std::size_t every = tidings.size() / (restarts + 1) + 1;
  for (std::size_t i = 0; i < tidings.size(); ++i) {
    tidings[i]->tell(*detector);
    detector->advance(tidings[i]->time());
    if (i % every == every - 1) {
      append(all, detector->take_findings());
      std::string saved;
      detector->save(saved);
      detector = std::make_unique<collector::Detector>(story.targets(), story.settings());
      REQUIRE(detector->restore(as_bytes(saved)));
      std::string again;
      detector->save(again);
      REQUIRE(again == saved);
    }
  }
  detector->finish(kStoryStart + until);
  append(all, detector->take_findings());
  return all;
}

std::string saved_story() {
  StoryTeller story{{star()}};
  story.add_peers(4, 2);
  story.table(0s, -24h, story.peers(), kStarPrefixes, kUnicomPath);
  story.announce(10min, story.peers(0, 2), kThreeOfFour, kTtkPath);
  collector::Detector detector{story.targets(), story.settings()};
  for (const Tiding& tiding : story.tidings()) {
    tiding.tell(detector);
  }
  detector.advance(kStoryStart + 13min);
  std::string saved;
  detector.save(saved);
  return saved;
}

}  // namespace

TEST_CASE("a detector that was saved and restored finds what it would have found", "[worlds]") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    INFO("world " << seed);
    const RandomWorld world{seed};
    const std::string straight =
        serialised(told_with_restarts(world.story(), RandomWorld::end(), 0));
    REQUIRE(serialised(told_with_restarts(world.story(), RandomWorld::end(), 5)) == straight);
  }
}

TEST_CASE("a saved state that was cut, changed or made up is refused and changes nothing") {
  const std::string saved = saved_story();
  collector::Detector detector{{star()}, {}};
  REQUIRE(detector.restore(as_bytes(saved)));
  for (std::size_t size = 0; size < saved.size(); size += 1 + size / 8) {
    CHECK_FALSE(detector.restore(as_bytes(std::string_view{saved}.substr(0, size))));
  }
  for (std::size_t i = 0; i < saved.size(); i += 7) {
    std::string damaged = saved;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    CHECK_FALSE(detector.restore(as_bytes(damaged)));
  }
  std::string older = saved;
  older[16] = static_cast<char>(older[16] + 1);
  CHECK(detector.restore(as_bytes(older)).error().message.find("layout") != std::string::npos);
  std::string same;
  detector.save(same);
  CHECK(same == saved);
}

TEST_CASE("a body of any bytes behind a right header is read without harm") {
  const std::string saved = saved_story();
  const std::string body{as_text(collector::open_snapshot(as_bytes(saved)).value())};
  std::mt19937_64 random{7};
  for (int i = 0; i < 2000; ++i) {
    std::string other = body;
    for (int changes = 0; changes < 3; ++changes) {
      other[random() % other.size()] = static_cast<char>(random());
    }
    std::string whole;
    collector::append_snapshot(whole, other);
    collector::Detector detector{{star()}, {}};
    // What can be read may be nonsense, but it can be worked with.
    if (detector.restore(as_bytes(whole))) {
      detector.advance(kStoryStart + 20min);
      CHECK(detector.status(kStoryStart + 20min).size() <= 2);
    }
  }
}

TEST_CASE("targets are found again by name, and one that is new begins anew") {
  const std::string saved = saved_story();
  Target other{.name = "other", .origins = {Asn{64600}}, .known_upstreams = {Asn{3356}}};
  other.prefixes = {Prefix::parse("198.51.100.0/24").value()};
  collector::Detector detector{{other, star()}, {}};
  REQUIRE(detector.restore(as_bytes(saved)));
  const auto list = detector.status(kStoryStart + 14min);
  REQUIRE(list.size() == 2);
  CHECK(list[0].target == "other");
  CHECK(list[0].vantages.empty());
  CHECK(list[1].vantages.front().conclusive == 4);
  collector::Detector stranger{{other}, {}};
  REQUIRE(stranger.restore(as_bytes(saved)));
  CHECK(stranger.status(kStoryStart + 14min).size() == 1);
}
