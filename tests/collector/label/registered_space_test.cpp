#include "collector/label/registered_space.hpp"

using namespace isthmus;
using namespace isthmus::collector;

namespace {

constexpr std::string_view kApnic =
    "2.3|apnic|20251208|5|19830613|20251207|+1000\n"
    "# statement of the conditions of use\n"
    "apnic|*|asn|*|2|summary\n"
    "apnic|*|ipv4|*|2|summary\n"
    "apnic|HK|asn|134544|1|20150910|allocated|A91F05C7\n"
    "apnic|KP|asn|131279|1|20091221|allocated|A917DD3B\n"
    "apnic|HK|ipv4|103.35.252.0|1024|20150910|allocated|A91F05C7\n"
    "apnic|KP|ipv4|175.45.176.0|1024|20091221|allocated|A917DD3B\n"
    "apnic|AU|ipv4|1.0.0.0|768|20110811|assigned|A91872ED\n"
    "apnic|KP|ipv6|2402:5780::|32|20101130|allocated|A917DD3B\n"
    "apnic||ipv4|1.1.64.0|16384||available|\n";

RegisteredSpace build(RegisteredSpaceBuilder& builder) {
  auto space = builder.build();
  REQUIRE(space);
  return std::move(*space);
}

}  // namespace

TEST_CASE("a registry knows who holds space that nobody announces") {
  RegisteredSpaceBuilder builder;
  const LineAccount account = builder.add_delegated(kApnic);
  CHECK(account.used == 6);
  CHECK(account.passed == 5);
  CHECK_FALSE(account.lossy());
  const RegisteredSpace space = build(builder);
  // The last hop before the silence of the real path into North Korea, December 2025.
  const auto found = space.find(*IpAddress::parse("103.35.255.254"));
  REQUIRE(found);
  CHECK(found->prefix == *Prefix::parse("103.35.252.0/22"));
  REQUIRE(found->holder_asns.size() == 1);
  CHECK(found->holder_asns.front() == Asn{134544});
  CHECK(found->country == Country{"HK", "apnic", "20150910"});
  CHECK(space.find(*IpAddress::parse("1.0.2.255"))->holder_asns.empty());
  CHECK_FALSE(space.find(*IpAddress::parse("1.0.3.0")));
  CHECK_FALSE(space.find(*IpAddress::parse("1.1.64.1")));
  CHECK(space.find(*IpAddress::parse("2402:5780::1"))->holder_asns.front() == Asn{131279});
}

TEST_CASE("a country comes with its source and date, and the configuration wins") {
  RegisteredSpaceBuilder builder;
  builder.add_delegated(kApnic);
  CHECK(builder.add_countries("# disputed\nAS201776,UA,Miranda-Media\n134544, CN\nx,UA\n1,u\n")
            .refused == 2);
  const RegisteredSpace space = build(builder);
  CHECK(space.country(Asn{131279}) == Country{"KP", "apnic", "20091221"});
  CHECK(space.country(Asn{134544}) == Country{"CN", "configuration", ""});
  CHECK(space.country(Asn{201776}) == Country{"UA", "configuration", ""});
  CHECK_FALSE(space.country(Asn{7}));
  CHECK_FALSE(space.country(Asn{131280}));
}

TEST_CASE("the same holder in another registry is another holder") {
  RegisteredSpaceBuilder builder;
  builder.add_delegated(
      "arin|US|asn|100|2|20010101|assigned|X\nripencc|DE|asn|200|1|20010101|assigned|X\n"
      "arin|US|ipv4|20.0.0.0|256|20010101|assigned|X\n");
  const RegisteredSpace space = build(builder);
  CHECK(space.find(*IpAddress::parse("20.0.0.1"))->holder_asns.size() == 2);
}

TEST_CASE("holders of thousands of AS numbers say nothing about one network") {
  RegisteredSpaceBuilder builder;
  builder.add_delegated(
      "arin|US|asn|0|4000000000|20010101|assigned|X\narin|US|ipv4|20.0.0.0|256|20010101|assigned|"
      "X\n");
  const RegisteredSpace space = build(builder);
  CHECK(space.find(*IpAddress::parse("20.0.0.1"))->holder_asns.empty());
  CHECK(space.country(Asn{7})->code == "US");
}

TEST_CASE("blocks that cannot be are refused") {
  const std::string_view line = GENERATE(
      "apnic|HK|ipv4|255.255.255.0|512|20150910|allocated|A",
      "apnic|HK|ipv4|1.0.0.0|0|20150910|allocated|A",
      "apnic|HK|ipv4|1.0.0.0|99999999999999999999|2015|allocated|A",
      "apnic|HK|ipv4|2001:db8::|256|20150910|allocated|A",
      "apnic|HK|ipv6|1.0.0.0|24|20150910|allocated|A",
      "apnic|HK|ipv6|2001:db8::|129|20150910|allocated|A",
      "apnic|HK|asn|4294967295|2|20150910|allocated|A", "apnic|HK|carrier|1|2|20150910|allocated|A",
      "apnic|Hongkong|asn|1|2|20150910|allocated|A", "what|is|this");
  RegisteredSpaceBuilder builder;
  const LineAccount account = builder.add_delegated(line);
  CHECK(account.refused == 1);
  CHECK(build(builder).empty());
}
