#include "core/net/prefix_map.hpp"

#include <random>

using isthmus::IpAddress;
using isthmus::Prefix;
using isthmus::PrefixMap;

TEST_CASE("the longest prefix around an address wins") {
  PrefixMap<int> map;
  map.insert(*Prefix::parse("0.0.0.0/0"), 0);
  map.insert(*Prefix::parse("175.45.176.0/22"), 22);
  map.insert(*Prefix::parse("175.45.178.0/24"), 24);
  CHECK(map.longest_match(*IpAddress::parse("175.45.178.7"))->second == 24);
  CHECK(map.longest_match(*IpAddress::parse("175.45.177.7"))->second == 22);
  CHECK(map.longest_match(*IpAddress::parse("8.8.8.8"))->second == 0);
  CHECK(map.longest_match(*IpAddress::parse("::1")) == nullptr);
  CHECK(map.longest_match(*Prefix::parse("175.45.176.0/23"))->second == 22);
  CHECK(*map.find(*Prefix::parse("175.45.178.0/24")) == 24);
  CHECK(map.find(*Prefix::parse("175.45.178.0/25")) == nullptr);
  CHECK(map.find(*Prefix::parse("175.45.176.0/23")) == nullptr);
}

TEST_CASE("a second value for a prefix replaces the first") {
  PrefixMap<int> map;
  map.insert(*Prefix::parse("::/0"), 1);
  map.insert(*Prefix::parse("::/0"), 2);
  CHECK(map.size() == 1);
  CHECK(map.longest_match(*IpAddress::parse("ff::"))->second == 2);
}

TEST_CASE("random prefixes are matched as a walk over all of them matches") {
  std::mt19937_64 random{7};
  PrefixMap<std::size_t> map;
  std::vector<Prefix> all;
  for (std::size_t i = 0; i < 400; ++i) {
    const bool v6 = i % 2 == 0;
    const auto address = v6 ? IpAddress::v6(random() & 0x3f0f000000000000ULL, 0)
                            : IpAddress::v4(static_cast<std::uint32_t>(random()) & 0x0f0f0f00U);
    const auto prefix = Prefix::covering(address, static_cast<unsigned>(random() % 33));
    if (map.find(prefix) == nullptr) {
      map.insert(prefix, all.size());
      all.push_back(prefix);
    }
  }
  for (int i = 0; i < 5000; ++i) {
    const auto address = i % 2 == 0
                             ? IpAddress::v6(random() & 0x3f0f000000000000ULL, 0)
                             : IpAddress::v4(static_cast<std::uint32_t>(random()) & 0x0f0f0fffU);
    const Prefix* best = nullptr;
    for (const Prefix& each : all) {
      if (each.contains(address) && (best == nullptr || each.length() > best->length())) {
        best = &each;
      }
    }
    const auto* found = map.longest_match(address);
    REQUIRE((found == nullptr) == (best == nullptr));
    if (best != nullptr) {
      CHECK(found->first == *best);
      CHECK(all[found->second] == *best);
    }
  }
}
