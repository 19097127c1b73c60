#include "core/net/prefix_table.hpp"

#include <map>
#include <random>
#include <vector>

#include "core/net/prefix_map.hpp"

using namespace isthmus;

namespace {

PrefixTable build(const std::map<Prefix, std::uint32_t>& prefixes) {
  std::vector<PrefixTable::Entry> entries;
  for (const auto& [prefix, value] : prefixes) {
    entries.push_back({prefix, value});
  }
  auto table = PrefixTable::build(entries);
  REQUIRE(table);
  return std::move(*table);
}

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

Prefix prefix(const char* text) {
  return Prefix::parse(text).value();
}

/// Addresses that share long beginnings, so that prefixes of them nest.
class Random {
 public:
  explicit Random(unsigned seed) : engine_{seed} {}

  unsigned below(unsigned bound) { return static_cast<unsigned>(engine_() % bound); }

  IpAddress address(Family family) {
    const std::uint64_t clustered = word() & 0x0f01f80300ff0103ULL;
    if (family == Family::Ipv4) {
      return IpAddress::v4(static_cast<std::uint32_t>(below(4) == 0 ? engine_() : clustered >> 32));
    }
    return IpAddress::v6(0x2001000000000000ULL | clustered >> 16, word() & 0x8100000000000fffULL);
  }
  std::uint64_t word() { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace

TEST_CASE("an empty prefix table matches nothing") {
  const PrefixTable table;
  CHECK(table.size() == 0);
  CHECK_FALSE(table.longest_match(address("10.0.0.1")));
  CHECK_FALSE(table.longest_match(address("2001:db8::1")));
}

TEST_CASE("the longest of nested prefixes answers, and each around its holes") {
  const PrefixTable table = build({{prefix("10.0.0.0/8"), 1},
                                   {prefix("10.1.0.0/16"), 2},
                                   {prefix("10.1.2.0/23"), 3},
                                   {prefix("10.1.2.128/25"), 4},
                                   {prefix("10.1.2.129/32"), 5}});
  using Match = PrefixTable::Match;
  CHECK(table.longest_match(address("10.255.255.255")) == Match{1, 8});
  CHECK(table.longest_match(address("10.1.255.255")) == Match{2, 16});
  CHECK(table.longest_match(address("10.1.3.255")) == Match{3, 23});
  CHECK(table.longest_match(address("10.1.2.127")) == Match{3, 23});
  CHECK(table.longest_match(address("10.1.2.128")) == Match{4, 25});
  CHECK(table.longest_match(address("10.1.2.129")) == Match{5, 32});
  CHECK(table.longest_match(address("10.1.2.130")) == Match{4, 25});
  CHECK_FALSE(table.longest_match(address("11.0.0.0")));
  CHECK_FALSE(table.longest_match(address("9.255.255.255")));
  CHECK_FALSE(table.longest_match(address("a00::")));
}

TEST_CASE("default routes and single addresses of both families have their place") {
  const PrefixTable table = build({{prefix("0.0.0.0/0"), 7},
                                   {prefix("255.255.255.255/32"), PrefixTable::kMaxValue},
                                   {prefix("::/0"), 0},
                                   {prefix("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"), 9}});
  using Match = PrefixTable::Match;
  CHECK(table.longest_match(address("0.0.0.0")) == Match{7, 0});
  CHECK(table.longest_match(address("255.255.255.254")) == Match{7, 0});
  CHECK(table.longest_match(address("255.255.255.255")) == Match{PrefixTable::kMaxValue, 32});
  CHECK(table.longest_match(address("::")) == Match{0, 0});
  CHECK(table.longest_match(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")) == Match{9, 128});
  CHECK(table.longest_match(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe")) == Match{0, 0});
}

TEST_CASE("a prefix table refuses entries out of order, twice, or with too large a value") {
  using Entries = std::vector<PrefixTable::Entry>;
  CHECK_FALSE(PrefixTable::build(Entries{{prefix("10.1.0.0/16"), 1}, {prefix("10.0.0.0/16"), 2}}));
  CHECK_FALSE(PrefixTable::build(Entries{{prefix("10.1.0.0/16"), 1}, {prefix("10.0.0.0/8"), 2}}));
  CHECK_FALSE(PrefixTable::build(Entries{{prefix("10.0.0.0/8"), 1}, {prefix("10.0.0.0/8"), 1}}));
  CHECK_FALSE(PrefixTable::build(Entries{{prefix("::/0"), 1}, {prefix("10.0.0.0/8"), 1}}));
  CHECK_FALSE(PrefixTable::build(Entries{{prefix("10.0.0.0/8"), PrefixTable::kMaxValue + 1}}));
}

TEST_CASE("a prefix table answers as a binary trie does, for any prefixes") {
  const unsigned seed = GENERATE(range(1U, 25U));
  CAPTURE(seed);
  Random random{seed};
  std::map<Prefix, std::uint32_t> prefixes;
  PrefixMap<std::uint32_t> trie;
  const unsigned count = 1 + random.below(seed % 2 == 0 ? 3000 : 60);
  for (unsigned i = 0; i < count; ++i) {
    const Family family = random.below(2) == 0 ? Family::Ipv4 : Family::Ipv6;
    const unsigned length = random.below(address_bits(family) + 1);
    prefixes[Prefix::covering(random.address(family), length)] =
        random.below(PrefixTable::kMaxValue + 1);
  }
  for (const auto& [each, value] : prefixes) {
    trie.insert(each, value);
  }
  const PrefixTable table = build(prefixes);
  REQUIRE(table.size() == trie.size());

  const auto agrees = [&](const IpAddress& at) {
    const auto* expected = trie.longest_match(at);
    const auto match = table.longest_match(at);
    return expected == nullptr
               ? !match
               : match == PrefixTable::Match{expected->second, expected->first.length()};
  };
  std::size_t wrong = 0;
  for (int i = 0; i < 5000; ++i) {
    wrong += agrees(random.address(Family::Ipv4)) ? 0U : 1U;
    wrong += agrees(random.address(Family::Ipv6)) ? 0U : 1U;
  }
  // The edges of every prefix: its first address, and those before it.
  for (const auto& [each, value] : prefixes) {
    const IpAddress& first = each.address();
    wrong += agrees(first) ? 0U : 1U;
    const IpAddress before =
        first.is_v4() ? IpAddress::v4(first.v4_value() - 1)
                      : IpAddress::v6(first.high() - (first.low() == 0 ? 1 : 0), first.low() - 1);
    wrong += agrees(before) ? 0U : 1U;
  }
  CHECK(wrong == 0);
}
