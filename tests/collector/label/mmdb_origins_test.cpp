#include "collector/label/mmdb_origins.hpp"

#include "tests/support/mmdb_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using isthmus::testing::MmdbBuilder;

namespace {

std::optional<Asn> origin(const OriginTable& table, std::string_view address) {
  const auto match = table.longest_match(*IpAddress::parse(address));
  return match ? std::optional{match->origins.front()} : std::nullopt;
}

}  // namespace

TEST_CASE("a MaxMind database names the AS of a network") {
  const Family family = GENERATE(Family::Ipv4, Family::Ipv6);
  MmdbBuilder builder{family};
  builder.add_number("20.1.0.0/16", "autonomous_system_number", 20485);
  builder.add_text("30.0.0.0/8", "asn", "AS131279");
  builder.add_text("40.0.0.0/24", "country", "KP");
  if (family == Family::Ipv6) {
    builder.add_number("2402:5780::/32", "autonomous_system_number", 131279);
  }
  OriginTableBuilder origins;
  const LineAccount account = parse_mmdb(builder.build(), origins);
  CHECK(account.used == (family == Family::Ipv6 ? 3U : 2U));
  CHECK(account.passed == 1);
  CHECK_FALSE(account.lossy());
  const auto table = origins.build();
  REQUIRE(table);
  CHECK(origin(*table, "20.1.255.1") == Asn{20485});
  CHECK(origin(*table, "30.1.2.3") == Asn{131279});
  CHECK_FALSE(origin(*table, "20.2.0.0"));
  CHECK_FALSE(origin(*table, "40.0.0.1"));
  if (family == Family::Ipv6) {
    CHECK(origin(*table, "2402:5780::1") == Asn{131279});
    CHECK(table->size() == 3);
  }
}

TEST_CASE("what is no database, or a torn one, is refused") {
  MmdbBuilder builder{Family::Ipv4};
  builder.add_number("20.1.0.0/16", "autonomous_system_number", 20485);
  const std::string whole = builder.build();
  for (const std::string& text : {std::string{}, std::string{"nothing"}, whole.substr(0, 60)}) {
    OriginTableBuilder origins;
    CHECK(parse_mmdb(text, origins).refused == 1);
    CHECK(origins.size() == 0);
  }
}
