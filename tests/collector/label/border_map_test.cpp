#include "collector/label/border_map.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

IpAddress at(std::uint32_t number) {
  return IpAddress::v4(0x14000000U + number);
}

/// A router of AS `own` (0: nobody's space) with next hops in the given ASes.
std::optional<Asn> owner(std::uint32_t own, const std::vector<std::uint32_t>& nexts,
                         const AsRelations& relations) {
  BorderMap map;
  const auto origin = [](std::uint32_t asn) {
    return asn == 0 ? std::nullopt : std::optional{Asn{asn}};
  };
  map.add_address(at(0), origin(own));
  for (std::uint32_t i = 0; i < nexts.size(); ++i) {
    map.add_address(at(i + 1), origin(nexts[i]));
    map.add_link(at(0), at(i + 1));
  }
  map.settle(relations);
  return map.owner(at(0));
}

/// 1 sells to 2 and 3, 2 sells to 4; 1 and 5 are peers; 9 is unknown to all.
AsRelations relations() {
  AsRelationsBuilder builder;
  builder.add_relationships("1|2|-1\n1|3|-1\n2|4|-1\n1|5|0\n");
  return builder.build();
}

}  // namespace

TEST_CASE("a router before one customer's network is the customer's") {
  const AsRelations world = relations();
  CHECK(owner(1, {2, 2}, world) == Asn{2});
  CHECK(owner(2, {1}, world) == Asn{2});
  CHECK(owner(1, {5}, world) == Asn{5});
  CHECK(owner(1, {1}, world) == Asn{1});
  CHECK(owner(1, {}, world) == Asn{1});
  CHECK(owner(1, {1, 2}, world) == Asn{1});
}

TEST_CASE("among unrelated networks the one with the smaller cone has the router") {
  const AsRelations world = relations();
  CHECK(owner(9, {1}, world) == Asn{9});
  CHECK(owner(1, {9}, world) == Asn{9});
  CHECK(owner(9, {8}, world) == Asn{8});
}

TEST_CASE("three quarters of the votes decide, fewer only among related networks") {
  const AsRelations world = relations();
  CHECK(owner(1, {9, 9, 9, 9, 9, 2}, world) == Asn{2});
  CHECK(owner(1, {2, 2, 2, 2, 2, 2, 9}, world) == Asn{2});
  CHECK(owner(1, {2, 2, 3, 9, 9, 9}, world) == Asn{2});
}

TEST_CASE("a nameless router is what follows it, over any distance") {
  const AsRelations world = relations();
  BorderMap map;
  for (std::uint32_t i = 0; i < 5; ++i) {
    map.add_address(at(i), i == 4 ? std::optional{Asn{3}} : std::nullopt);
  }
  for (std::uint32_t i = 0; i < 4; ++i) {
    map.add_link(at(i), at(i + 1));
  }
  CHECK_FALSE(map.owner(at(0)));
  map.settle(world);
  CHECK(map.owner(at(0)) == Asn{3});
  CHECK_FALSE(map.owner(at(99)));
}
