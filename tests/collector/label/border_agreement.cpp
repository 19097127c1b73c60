// Prints how often the border rules, and the longest prefix alone, agree with bdrmapIT: one line a
// set. Usage: border_agreement [FOLDER of shared data]
#include <cstdio>
#include <string>

#include "collector/feed/input.hpp"
#include "core/base/bytes.hpp"
#include "tests/support/border_set.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

AsRelations read_relations(const std::string& path) {
  AsRelationsBuilder builder;
  std::string text;
  if (auto input = open_input(path)) {
    for (auto chunk = (*input)->next(); chunk && !chunk->empty(); chunk = (*input)->next()) {
      text += as_text(*chunk);
    }
  }
  builder.add_relationships(text);
  return builder.build();
}

}  // namespace

int main(int count, char** arguments) {
  const std::string data = count > 1 ? arguments[1] : ISTHMUS_SHARED_DATA;
  const AsRelations relations = read_relations(data + "/caida/valley-free/20161101.as-rel.txt.bz2");
  if (relations.empty()) {
    std::fprintf(stderr, "border_agreement: no shared data in '%s'\n", data.c_str());
    return 2;
  }
  std::printf("%-8s %9s %15s %7s %8s %8s\n", "set", "addresses", "longest prefix", "rules",
              "mended", "spoiled");
  bool better = true;
  for (const std::string name : {"AS2500", "AS2907", "AS559"}) {
    testing::BorderSet set = testing::read_border_set(data + "/border/20191012/" + name);
    set.map.settle(relations);
    std::size_t plain = 0;
    std::size_t rules = 0;
    std::size_t mended = 0;
    std::size_t spoiled = 0;
    for (const auto& answer : set.answers) {
      const bool before = answer.longest_prefix == answer.bdrmapit;
      const bool after = set.map.owner(answer.address) == answer.bdrmapit;
      plain += before ? 1U : 0U;
      rules += after ? 1U : 0U;
      mended += !before && after ? 1U : 0U;
      spoiled += before && !after ? 1U : 0U;
    }
    const auto all = static_cast<double>(set.answers.size());
    std::printf("%-8s %9zu %14.1f%% %6.1f%% %8zu %8zu\n", name.c_str(), set.answers.size(),
                100 * static_cast<double>(plain) / all, 100 * static_cast<double>(rules) / all,
                mended, spoiled);
    better = better && rules > plain;
  }
  return better ? 0 : 1;
}
