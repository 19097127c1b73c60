#include "tests/collector/detect/stories.hpp"
#include "tests/support/random_world.hpp"

namespace {

/// Many more can be had: ISTHMUS_WORLDS=5000 ISTHMUS_FIRST_WORLD=1000 collector_detect_test
/// "[worlds]"
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

template <typename F>
void for_worlds(std::uint64_t count, const F& look) {
  const std::uint64_t first = from_environment("ISTHMUS_FIRST_WORLD", 1);
  const std::uint64_t end = first + from_environment("ISTHMUS_WORLDS", count);
  for (std::uint64_t seed = first; seed < end; ++seed) {
    INFO("world " << seed);
    look(RandomWorld{seed}.story(), seed);
  }
}

/// The first line in which two texts differ.
std::string difference(const std::string& left, const std::string& right) {
  std::istringstream lefts{left};
  std::istringstream rights{right};
  std::string one;
  std::string other;
  while (true) {
    const bool has_one = static_cast<bool>(std::getline(lefts, one));
    const bool has_other = static_cast<bool>(std::getline(rights, other));
    if (!has_one && !has_other) {
      return {};
    }
    if (has_one != has_other || one != other) {
      return (has_one ? one : "(end)") + "\n" + (has_other ? other : "(end)");
    }
  }
}

}  // namespace

TEST_CASE("the order within the lateness, copies and calls of advance change no byte", "[worlds]") {
  for_worlds(15, [](const StoryTeller& story, std::uint64_t seed) {
    const std::string straight = serialised(story.tell(RandomWorld::end()));
    const std::vector<Telling> tellings{
        {.copies = 3},
        {.seed = seed, .copies = 1},
        {.seed = seed + 1'000'000, .copies = 3},
        {.seed = seed + 2'000'000, .copies = 3, .keeps_still = true}};
    for (const Telling& how : tellings) {
      INFO("told with seed " << how.seed << ", copies " << how.copies);
      REQUIRE(difference(serialised(story.tell(RandomWorld::end(), how)), straight) == "");
    }
  });
}
