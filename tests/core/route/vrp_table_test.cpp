#include "core/route/vrp_table.hpp"

#include <catch2/catch.hpp>

using namespace isthmus;

namespace {

RpkiState validate(const VrpTable& table, const char* prefix, std::uint32_t origin) {
  return table.validate(*Prefix::parse(prefix), Asn{origin});
}

}  // namespace

TEST_CASE("a bad maximal length makes every more specific route invalid", "[rpki]") {
  // 2025-03-18: a ROA for 175.45.176.0/22 with maximal length 22, over four announced /24.
  const Prefix whole = *Prefix::parse("175.45.176.0/22");
  const VrpTable bad{{{whole, 22, Asn{131279}}}};
  const VrpTable good{{{whole, 22, Asn{131279}}, {whole, 24, Asn{131279}}}};
  for (const char* prefix :
       {"175.45.176.0/24", "175.45.177.0/24", "175.45.178.0/24", "175.45.179.0/24"}) {
    CHECK(validate(bad, prefix, 131279) == RpkiState::Invalid);
    CHECK(validate(good, prefix, 131279) == RpkiState::Valid);
  }
  CHECK(validate(bad, "175.45.176.0/22", 131279) == RpkiState::Valid);
  CHECK(validate(bad, "175.45.176.0/21", 131279) == RpkiState::NotFound);
  CHECK(validate(bad, "175.45.180.0/24", 131279) == RpkiState::NotFound);
  CHECK(validate(good, "175.45.176.0/24", 64500) == RpkiState::Invalid);
  CHECK(good.validate(*Prefix::parse("175.45.176.0/24"), std::nullopt) == RpkiState::Invalid);
}

TEST_CASE("AS0 covers and allows nobody, and both families are told apart", "[rpki]") {
  const VrpTable table{{{*Prefix::parse("2001:db8::/32"), 128, Asn{0}},
                        {*Prefix::parse("2001:db8:1::/48"), 64, Asn{64500}},
                        {*Prefix::parse("0.0.0.0/0"), 8, Asn{1}},
                        {*Prefix::parse("0.0.0.0/0"), 8, Asn{1}}}};
  CHECK(table.size() == 3);
  CHECK(validate(table, "2001:db8::/32", 0) == RpkiState::Invalid);
  CHECK(validate(table, "2001:db8:1:2::/64", 64500) == RpkiState::Valid);
  CHECK(validate(table, "2001:db8:1:2::/65", 64500) == RpkiState::Invalid);
  CHECK(validate(table, "2001:db9::/32", 64500) == RpkiState::NotFound);
  CHECK(validate(table, "10.0.0.0/8", 1) == RpkiState::Valid);
  CHECK(validate(table, "10.0.0.0/9", 1) == RpkiState::Invalid);
}
