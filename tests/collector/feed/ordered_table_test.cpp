#include "collector/feed/ordered_table.hpp"

#include <map>
#include <random>

#include "core/base/hash.hpp"

using namespace isthmus::collector;

namespace {

struct Key {
  std::uint64_t high;
  std::uint32_t low;
  friend auto operator<=>(const Key&, const Key&) = default;
};
/// Half of all keys meet in four places of a leaf: the worst of hashes.
struct Entry {
  std::uint64_t high;
  std::uint32_t low;
  bool is_used;
  std::uint64_t value;

  [[nodiscard]] Key key() const { return {high, low}; }
  [[nodiscard]] bool is_free() const { return !is_used; }
  static std::uint64_t hash(const Key& key, std::uint64_t seed) {
    const std::uint64_t value = isthmus::fold(key.high ^ seed, key.low + 0xe7037ed1a0b428dbULL);
    return key.low % 2 == 0 ? value : value % 4 << 56 | std::uint64_t{0xfe} << 56;
  }
};
using Table = OrderedTable<Entry>;
using Model = std::map<Key, std::uint64_t>;

void set(Table& table, const Key& key, std::uint64_t value) {
  if (Entry* const found = table.find(key); found != nullptr) {
    found->value = value;
  } else {
    table.insert({key.high, key.low, true, value});
  }
}

bool remove(Table& table, const Key& key) {
  Entry* const found = table.find(key);
  if (found != nullptr) {
    table.erase(found);
  }
  return found != nullptr;
}

Model content(const Table& table, const Key& from = {}) {
  Model all;
  for (Table::Walk walk{table, from}; walk.get() != nullptr; walk.advance()) {
    const Key key = walk.get()->key();
    if (!all.empty() && !(all.rbegin()->first < key)) {
      FAIL("the walk is not in order");
    }
    all.emplace_hint(all.end(), key, walk.get()->value);
  }
  return all;
}

/// Keys that meet: few first halves, so that the second ones decide, or many.
Key random_key(std::mt19937_64& random, std::uint64_t highs, std::uint32_t rests) {
  return {random() % highs, static_cast<std::uint32_t>(random() % rests)};
}

}  // namespace

TEST_CASE("an ordered table holds what a std::map holds, through growth and decay") {
  const auto seed = GENERATE(range(1U, 9U));
  const std::uint64_t highs = seed % 4 == 0 ? 3 : seed % 4 == 1 ? 40 : 1'000'000;
  const std::uint32_t rests = seed % 4 == 0 ? 20'000 : seed % 4 == 1 ? 500 : 4;
  std::mt19937_64 random{seed};
  TableMemory memory;
  {
    Table table{&memory, 7};
    Model model;
    for (unsigned phase = 0; phase < 8; ++phase) {
      const unsigned removals = phase % 2 == 0 ? 20 : 85;  // of a hundred steps
      for (unsigned i = 0; i < 12'000; ++i) {
        const bool is_removal = random() % 100 < removals;
        Key key = random_key(random, highs, rests);
        if (const auto near = model.lower_bound(key); is_removal && near != model.end()) {
          key = near->first;  // nearly all random keys are not there
        }
        if (is_removal) {
          REQUIRE(remove(table, key) == (model.erase(key) > 0));
        } else {
          set(table, key, i);
          model[key] = i;
        }
      }
      REQUIRE(table.size() == model.size());
      REQUIRE(content(table) == model);
      const Key from = random_key(random, highs, rests);
      REQUIRE(content(table, from) == Model(model.lower_bound(from), model.end()));
      REQUIRE(memory.lists + memory.leaves.used() == table.bytes());
    }
    for (const auto& [key, value] : model) {
      REQUIRE(remove(table, key));
    }
    CHECK(table.size() == 0);
    CHECK(content(table).empty());
    CHECK(memory.lists < 1024);
    CHECK(memory.leaves.used() == 0);
    set(table, {1, 1}, 1);
    CHECK(table.size() == 1);
  }
  CHECK(memory.bytes() == 0);
}

TEST_CASE("keys in ascending order fill the leaves of an ordered table") {
  TableMemory memory;
  Table table{&memory, 7};
  constexpr std::uint64_t kKeys = 100'000;
  for (std::uint64_t i = 0; i < kKeys; ++i) {
    set(table, {i, 0}, i);
  }
  CHECK(static_cast<double>(memory.bytes()) / kKeys < sizeof(Entry) * 1.375);
  CHECK(content(table).size() == kKeys);
}

TEST_CASE("descending and alternating keys find their places in an ordered table") {
  TableMemory memory;
  Table table{&memory, 7};
  Model model;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    for (const Key key : {Key{1'000'000 - i, 0}, Key{2'000'000 + (i % 2 == 0 ? i : -i), 1}}) {
      set(table, key, i);
      model[key] = i;
    }
  }
  CHECK(content(table) == model);
}

TEST_CASE("a sweep in steps of any size removes exactly what it is asked to") {
  const auto step = GENERATE(1U, 7U, 64U, 1'000U, 1'000'000U);
  const auto kept = GENERATE(0U, 1U, 50U, 99U, 100U);  // of a hundred
  std::mt19937_64 random{step + kept};
  TableMemory memory;
  Table table{&memory, 7};
  Model model;
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const Key key = random_key(random, 3'000, 12);
    const std::uint64_t value = random() % 100;
    set(table, key, value);
    model[key] = value;
  }
  const std::size_t before = memory.bytes();
  std::erase_if(model, [&](const auto& each) { return each.second >= kept; });
  std::size_t removed = 0;
  const auto is_gone = [&](const Entry& entry) {
    removed += entry.value >= kept ? 1U : 0U;
    return entry.value >= kept;
  };
  const std::size_t all = table.size();
  Key from{};
  for (bool done = false; !done;) {
    std::size_t budget = step;
    done = table.sweep(from, budget, is_gone);
    REQUIRE((done || budget == 0));
  }
  CHECK(removed == all - model.size());
  CHECK(content(table) == model);
  CHECK(memory.lists + memory.leaves.used() == table.bytes());
  if (kept <= 1) {
    CHECK(memory.lists + memory.leaves.used() < before / 10);
  }
}
