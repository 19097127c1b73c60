#include "core/runtime/text_distance.hpp"

#include <string>
#include <vector>

using namespace isthmus;

TEST_CASE("a distance counts insertions, deletions, replacements and swaps") {
  CHECK(text_distance("", "") == 0);
  CHECK(text_distance("origins", "origins") == 0);
  CHECK(text_distance("origins", "origin") == 1);
  CHECK(text_distance("origins", "origims") == 1);
  CHECK(text_distance("origins", "orgiins") == 1);
  CHECK(text_distance("kitten", "sitting") == 3);
  CHECK(text_distance("", "abc") == 3);
}

TEST_CASE("a hostile text costs no more than its first 64 bytes") {
  const std::string left(1'000'000, 'a');
  const std::string right(1'000'000, 'b');
  CHECK(text_distance(left, right) == 64);
  CHECK(text_distance(left, left + 'b') == 0);
}

TEST_CASE("the nearest text is found, and nothing if all are far") {
  const std::vector<std::string> known{"lateness", "learning", "persistence"};
  CHECK(nearest_text("latenes", known) == "lateness");
  CHECK(nearest_text("persistance", known) == "persistence");
  CHECK(nearest_text("lerning", known) == "learning");
  CHECK_FALSE(nearest_text("colour", known));
  CHECK_FALSE(nearest_text("x", {}));
  const std::vector<std::string> letters{"a", "ab"};
  CHECK(nearest_text("b", letters) == "ab");
  CHECK_FALSE(nearest_text("x", letters));
}
