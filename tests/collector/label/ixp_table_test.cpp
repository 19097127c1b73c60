#include "collector/label/ixp_table.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

IpAddress address(std::string_view text) {
  return *IpAddress::parse(text);
}

constexpr std::string_view kCaidaExchange =
    R"({"ix_id":5,"name":"Alpha-IX","country":"DE","prefixes":{"ipv4":["80.249.208.0/21"],"ipv6":["2001:7f8:1::/64"]}})";
constexpr std::string_view kCaidaMembers =
    R"({"asn":6939,"ix_id":5,"ipv4":["80.249.209.150"],"ipv6":["2001:7f8:1::a500:6939:1"]}
{"asn":"20485","ix_id":5,"ipv4":[],"ipv6":[]})";
constexpr std::string_view kPeeringdb = R"({
  "ix":{"data":[{"id":26,"name":"AMS-IX","country":"NL"}]},
  "ixlan":{"data":[{"id":126,"ix_id":26}]},
  "ixpfx":{"data":[{"id":1,"ixlan_id":126,"prefix":"80.249.208.0/21","protocol":"IPv4"},
                   {"id":2,"ixlan_id":126,"prefix":"0.0.0.0/0","protocol":"IPv4"}]},
  "netixlan":{"data":[{"id":9,"ix_id":26,"ixlan_id":126,"asn":1136,"ipaddr4":"80.249.208.9","ipaddr6":null}, 7]}})";

}  // namespace

TEST_CASE("CAIDA's files name peering LANs and who has which address") {
  IxpTableBuilder builder;
  const LineAccount exchanges =
      builder.add("# {\"date\": \"2023\"}\n" + std::string{kCaidaExchange});
  CHECK(exchanges.used == 1);
  CHECK(exchanges.passed == 1);
  CHECK(builder.add(kCaidaMembers).used == 2);
  const auto table = builder.build();
  REQUIRE(table);
  CHECK(table->lans() == 2);
  CHECK(table->ports() == 2);
  const auto port = table->find(address("80.249.209.150"));
  REQUIRE(port);
  CHECK(port->ixp->name == "Alpha-IX");
  CHECK(port->ixp->country == "DE");
  CHECK(port->member == Asn{6939});
  CHECK(port->ixp->members == std::vector<Asn>{Asn{6939}, Asn{20485}});
  CHECK(port->lan == *Prefix::parse("80.249.208.0/21"));
  CHECK_FALSE(table->find(address("80.249.208.1"))->member);
  CHECK(table->find(address("2001:7f8:1::a500:6939:1"))->member == Asn{6939});
  CHECK_FALSE(table->find(address("80.249.216.1")));
}

TEST_CASE("PeeringDB's dump is read as a whole") {
  IxpTableBuilder builder;
  const LineAccount account = builder.add(kPeeringdb);
  CHECK(account.lines == 6);
  CHECK(account.used == 4);
  CHECK(account.refused == 2);
  const auto table = builder.build();
  REQUIRE(table);
  CHECK(table->lans() == 1);
  const auto port = table->find(address("80.249.208.9"));
  REQUIRE(port);
  CHECK(port->ixp->name == "AMS-IX");
  CHECK(port->member == Asn{1136});
}

TEST_CASE("answers of PeeringDB's API are read one file each, in any order") {
  IxpTableBuilder builder;
  CHECK(builder.add(R"({"data":[{"id":1,"ixlan_id":126,"prefix":"2001:7f8:1::/64"}],"meta":{}})")
            .used == 1);
  CHECK(
      builder.add(R"({"data":[{"asn":1136,"ix_id":26,"ipaddr4":null,"ipaddr6":"2001:7f8:1::1"}]})")
          .used == 1);
  CHECK(builder.add(R"({"data":[{"id":126,"ix_id":26}]})").used == 1);
  CHECK(builder.add(R"({"data":[{"id":26,"name":"AMS-IX"}]})").used == 1);
  const auto table = builder.build();
  REQUIRE(table);
  CHECK(table->find(address("2001:7f8:1::1"))->ixp->name == "AMS-IX");
  CHECK(table->find(address("2001:7f8:1::1"))->member == Asn{1136});
}

TEST_CASE("where two sources know a LAN, CAIDA names it and both name ports") {
  IxpTableBuilder builder;
  builder.add(kPeeringdb);
  builder.add(kCaidaExchange);
  const auto table = builder.build();
  REQUIRE(table);
  CHECK(table->find(address("80.249.208.9"))->ixp->name == "Alpha-IX");
  CHECK(table->find(address("80.249.208.9"))->member == Asn{1136});
}

TEST_CASE("what is no list of exchanges is refused") {
  const std::string_view text = GENERATE(
      "", "[]", "{", "{}", "7", R"({"data":{}})", R"({"data":[7]})", R"({"ix_id":-5,"name":"x"})",
      R"({"ix_id":5,"prefixes":{"ipv4":["0.0.0.0/0"]}})", "\xff\xfe");
  IxpTableBuilder builder;
  const LineAccount account = builder.add(text);
  CHECK(account.used == 0);
  CHECK(account.refused == (text.empty() ? 0 : 1));
  CHECK(builder.build()->lans() == 0);
}
