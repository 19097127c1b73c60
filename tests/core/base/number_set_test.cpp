#include "core/base/number_set.hpp"

#include <random>
#include <set>

using isthmus::NumberRange;
using isthmus::NumberSet;

TEST_CASE("runs that touch become one") {
  NumberSet set;
  CHECK(set.add({5, 10}) == 5);
  CHECK(set.add({12, 15}) == 3);
  CHECK(set.runs() == 2);
  CHECK(set.add({10, 12}) == 2);
  CHECK(set.runs() == 1);
  CHECK(set.add({0, 20}) == 10);
  CHECK_FALSE(set.add(7));
  CHECK(set.add(20));
  CHECK(set.ranges() == std::map<std::uint64_t, std::uint64_t>{{0, 21}});
}

TEST_CASE("a set of runs answers as a plain set does") {
  std::mt19937_64 random{3};
  for (int world = 0; world < 200; ++world) {
    NumberSet set;
    std::set<std::uint64_t> plain;
    for (int step = 0; step < 30; ++step) {
      const std::uint64_t first = random() % 60;
      const std::uint64_t end = first + random() % 8;
      std::uint64_t added = 0;
      for (std::uint64_t each = first; each < end; ++each) {
        added += plain.insert(each).second ? 1U : 0U;
      }
      REQUIRE(set.add({first, end}) == added);
      const NumberRange within{random() % 60, 60 + random() % 10};
      std::optional<std::uint64_t> low;
      std::optional<std::uint64_t> high;
      std::uint64_t count = 0;
      for (std::uint64_t each = within.first; each < within.end; ++each) {
        REQUIRE(set.contains(each) == plain.contains(each));
        if (plain.contains(each)) {
          ++count;
        } else {
          low = low ? low : each;
          high = each;
        }
      }
      REQUIRE(set.count_in(within) == count);
      const auto first_gap = set.first_gap(within);
      const auto last_gap = set.last_gap(within);
      REQUIRE(first_gap.has_value() == low.has_value());
      REQUIRE(last_gap.has_value() == low.has_value());
      if (low) {
        REQUIRE(first_gap->first == *low);
        REQUIRE(last_gap->end == *high + 1);
        REQUIRE(set.count_in(*first_gap) == 0);
        REQUIRE(set.count_in(*last_gap) == 0);
        REQUIRE((first_gap->end == within.end || set.contains(first_gap->end)));
        REQUIRE((last_gap->first == within.first || set.contains(last_gap->first - 1)));
      }
    }
  }
}
