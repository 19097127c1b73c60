#include "collector/label/rib_origins.hpp"

#include <string>

using namespace isthmus;
using namespace isthmus::collector;

namespace {

/// Hands in one route: which peer AS has which prefix with which path.
void add(RibOrigins& rib, std::uint32_t peer, const char* prefix, const char* path,
         RouteKind kind = RouteKind::Table, TimePoint time = {}) {
  VantagePoint vantage;
  vantage.asn = Asn{peer};
  RouteAttributes attributes;
  attributes.as_path = AsPath::parse(path).value();
  Route route;
  route.kind = kind;
  route.time = time;
  route.vantage = &vantage;
  route.prefix = Prefix::parse(prefix).value();
  route.attributes = &attributes;
  rib.add(route);
}

std::string origins(RibOrigins& rib, const char* address) {
  OriginTableBuilder builder;
  rib.move_into(builder);
  const auto table = builder.build();
  REQUIRE(table);
  const auto found = table->longest_match(IpAddress::parse(address).value());
  std::string text = found ? found->prefix.to_string() : "-";
  if (found) {
    for (const Asn asn : found->origins) {
      text += ' ' + std::to_string(asn.value);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the last AS of the path originates the prefix") {
  RibOrigins rib;
  add(rib, 3356, "175.45.176.0/24", "3356 4837 131279 131279");
  CHECK(origins(rib, "175.45.176.1") == "175.45.176.0/24 131279");
  CHECK(rib.votes() == 1);
}

TEST_CASE("an origin that one peer AS sees gives way to one that two see") {
  RibOrigins rib;
  add(rib, 1, "20.0.0.0/16", "1 100");
  add(rib, 2, "20.0.0.0/16", "2 100");
  add(rib, 3, "20.0.0.0/16", "3 200");
  CHECK(origins(rib, "20.0.0.1") == "20.0.0.0/16 100");
}

TEST_CASE("two sessions of one peer AS are one voice") {
  RibOrigins rib;
  add(rib, 1, "20.0.0.0/16", "1 100");
  add(rib, 1, "20.0.0.0/16", "1 9 100");
  add(rib, 3, "20.0.0.0/16", "3 200");
  CHECK(origins(rib, "20.0.0.1") == "20.0.0.0/16 100 200");
}

TEST_CASE("origins that two or more peer ASes see each are all kept") {
  RibOrigins rib;
  for (const std::uint32_t peer : {1U, 2U}) {
    add(rib, peer, "20.0.0.0/16", "7 100");
  }
  for (const std::uint32_t peer : {3U, 4U}) {
    add(rib, peer, "20.0.0.0/16", "7 200");
  }
  add(rib, 5, "20.0.0.0/16", "7 300");
  CHECK(origins(rib, "20.0.0.1") == "20.0.0.0/16 100 200");
}

TEST_CASE("the vote of one prefix says nothing about another") {
  RibOrigins rib;
  add(rib, 1, "20.0.0.0/16", "7 100");
  add(rib, 2, "20.0.0.0/16", "7 100");
  add(rib, 3, "20.0.1.0/24", "7 200");
  CHECK(origins(rib, "20.0.1.1") == "20.0.1.0/24 200");
}

TEST_CASE("a reserved number gives way to a real one, and stays alone") {
  RibOrigins rib;
  add(rib, 1, "20.0.0.0/16", "7 100");
  add(rib, 2, "20.0.0.0/16", "7 65001");
  add(rib, 1, "21.0.0.0/16", "7 64500");
  OriginTableBuilder builder;
  rib.move_into(builder);
  const auto table = builder.build();
  REQUIRE(table);
  const auto first = table->longest_match(IpAddress::v4(0x14000001));
  REQUIRE(first);
  REQUIRE(first->origins.size() == 1);
  CHECK(first->origins[0] == Asn{100});
  const auto second = table->longest_match(IpAddress::v4(0x15000001));
  REQUIRE(second);
  CHECK(second->origins[0] == Asn{64500});
}

TEST_CASE("a real origin that is outvoted does not drive out a reserved one") {
  RibOrigins rib;
  add(rib, 1, "20.0.0.0/16", "7 65001");
  add(rib, 2, "20.0.0.0/16", "7 65001");
  add(rib, 3, "20.0.0.0/16", "7 100");
  CHECK(origins(rib, "20.0.0.1") == "20.0.0.0/16 65001");
}

TEST_CASE("each member of a set at the end of the path has a vote") {
  RibOrigins rib;
  add(rib, 1, "20.0.0.0/16", "7 {100,200}");
  CHECK(origins(rib, "20.0.0.1") == "20.0.0.0/16 100 200");
}

TEST_CASE("routes that name no origin are counted by reason") {
  RibOrigins rib;
  add(rib, 1, "0.0.0.0/0", "7 100");
  add(rib, 1, "128.0.0.0/1", "7 100");
  add(rib, 1, "2000::/3", "7 100");
  add(rib, 1, "20.0.0.0/16", "");
  add(rib, 1, "20.0.0.0/16", "7 0");
  add(rib, 1, "20.0.0.0/16", "(64512)");
  add(rib, 1, "20.0.0.0/16", "7 100", RouteKind::Withdraw);
  Route bare;
  bare.kind = RouteKind::Table;
  rib.add(bare);
  CHECK(rib.votes() == 0);
  const std::map<std::string, std::uint64_t, std::less<>> expected = {
      {"short prefix", 3}, {"no origin", 3}, {"not a route", 1}, {"no attributes", 1}};
  CHECK(rib.passed() == expected);
  CHECK(origins(rib, "20.0.0.1") == "-");
}

TEST_CASE("the newest route dates the table") {
  RibOrigins rib;
  const TimePoint late{std::chrono::seconds{1'400'000'000}};
  add(rib, 1, "20.0.0.0/16", "7 100", RouteKind::Announce, late);
  add(rib, 1, "20.1.0.0/16", "7 100", RouteKind::Announce, late - std::chrono::hours{1});
  CHECK(rib.newest() == late);
}
