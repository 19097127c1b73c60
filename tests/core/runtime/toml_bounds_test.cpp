#include "core/runtime/toml_bounds.hpp"

#include <string>

using namespace isthmus;

TEST_CASE("lists and tables may nest up to the limit") {
  const std::string fits = "a = " + std::string(4, '[') + std::string(4, ']');
  CHECK_FALSE(find_excess(fits, 4));
  const auto found = find_excess("\n\n" + fits, 3);
  REQUIRE(found);
  CHECK(found->line == 3);
}

TEST_CASE("dotted keys have at most as many parts") {
  CHECK_FALSE(find_excess("a.b.c = 1", 3));
  CHECK(find_excess("a.b.c.d = 1", 3));
  CHECK(find_excess("[a.b.c.d]", 3));
  CHECK_FALSE(find_excess("a = [1.5, 2.5, 3.5, 4.5]", 2));
}

TEST_CASE("strings and comments do not nest") {
  CHECK_FALSE(find_excess("a = \"[[[[[[\"", 2));
  CHECK_FALSE(find_excess("a = '[[[[[['", 2));
  CHECK_FALSE(find_excess("a = \"\\\"[[[[[[\"", 2));
  CHECK_FALSE(find_excess("# [[[[[[\na = 1", 2));
  CHECK_FALSE(find_excess("a = \"\"\"[[[[\n\"[[[\"\"\"\"", 2));
  CHECK(find_excess("a = \"\"\"[\n\"\"\"\nb = [[[", 2)->line == 3);
}

TEST_CASE("an unclosed string ends with its line") {
  CHECK(find_excess("a = \"\nb = [[[", 2)->line == 2);
  CHECK_FALSE(find_excess("a = \"\\", 2));
  CHECK_FALSE(find_excess("a = '''", 2));
}
