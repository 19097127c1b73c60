#include "probe/plan/destination_filter.hpp"

#include "collector/label/special_registry.hpp"

using namespace isthmus;
using isthmus::probe::DestinationFilter;
using isthmus::probe::FilterOptions;
using isthmus::probe::Refusal;

namespace {

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}
Prefix prefix(const char* text) {
  return Prefix::parse(text).value();
}

}  // namespace

TEST_CASE("an ordinary address may be probed") {
  const DestinationFilter filter{FilterOptions{}};
  CHECK(filter.check(address("175.45.176.1")) == Refusal::None);
  CHECK(filter.check(address("2606:4700::1")) == Refusal::None);
}

TEST_CASE("addresses that reach no single host of the Internet are refused") {
  const DestinationFilter filter{FilterOptions{}};
  const char* const each = GENERATE(
      "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.1.1", "172.31.255.255",
      "192.0.2.1", "192.168.0.1", "198.19.0.1", "203.0.113.9", "240.0.0.1", "255.255.255.255",
      "::", "::1", "::ffff:8.8.8.8", "fc00::1", "fe80::1", "2001:db8::1", "100::1", "2002::1");
  INFO(each);
  CHECK(filter.check(address(each)) == Refusal::SpecialPurpose);
}

TEST_CASE("what the registries call local is refused, block by block") {
  const DestinationFilter filter{FilterOptions{}};
  for (const collector::SpecialBlock& block : collector::special_blocks()) {
    if (block.reach == collector::Reach::Local) {
      INFO(block.prefix.to_string() << ' ' << block.name);
      CHECK(filter.check(block.prefix.address()) != Refusal::None);
    }
  }
}

TEST_CASE("multicast and broadcast are refused even in a lab") {
  const DestinationFilter filter{FilterOptions{.allow_special = true}};
  CHECK(filter.check(address("10.1.2.3")) == Refusal::None);
  CHECK(filter.check(address("fd00::1")) == Refusal::None);
  CHECK(filter.check(address("127.0.0.1")) == Refusal::None);
  CHECK(filter.check(address("224.0.0.1")) == Refusal::Multicast);
  CHECK(filter.check(address("239.255.255.255")) == Refusal::Multicast);
  CHECK(filter.check(address("ff02::1")) == Refusal::Multicast);
  CHECK(filter.check(address("255.255.255.255")) == Refusal::SpecialPurpose);
  CHECK(filter.check(address("0.0.0.0")) == Refusal::SpecialPurpose);
  CHECK(filter.check(address("::")) == Refusal::SpecialPurpose);
}

TEST_CASE("the deny list wins over the allow list, and neither opens special addresses") {
  const DestinationFilter filter{
      FilterOptions{.allow = {prefix("175.45.176.0/22"), prefix("10.0.0.0/8")},
                    .deny = {prefix("175.45.177.0/24")}}};
  CHECK(filter.check(address("175.45.176.1")) == Refusal::None);
  CHECK(filter.check(address("175.45.177.1")) == Refusal::Denied);
  CHECK(filter.check(address("8.8.8.8")) == Refusal::NotAllowed);
  CHECK(filter.check(address("2606:4700::1")) == Refusal::NotAllowed);
  CHECK(filter.check(address("10.0.0.1")) == Refusal::SpecialPurpose);
}
