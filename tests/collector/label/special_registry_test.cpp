#include "collector/label/special_registry.hpp"

#include <set>
#include <string>

using namespace isthmus;
using namespace isthmus::collector;

TEST_CASE("special-purpose addresses are found in the most specific block") {
  struct Row {
    const char* address;
    const char* prefix;
    const char* reference;
  };
  const auto row = GENERATE(
      Row{"0.0.0.0", "0.0.0.0/32", "RFC 1122"}, Row{"0.1.2.3", "0.0.0.0/8", "RFC 791"},
      Row{"10.255.255.255", "10.0.0.0/8", "RFC 1918"},
      Row{"100.64.0.1", "100.64.0.0/10", "RFC 6598"},
      Row{"100.127.255.255", "100.64.0.0/10", "RFC 6598"},
      Row{"127.0.0.1", "127.0.0.0/8", "RFC 1122"}, Row{"169.254.1.1", "169.254.0.0/16", "RFC 3927"},
      Row{"172.31.255.255", "172.16.0.0/12", "RFC 1918"},
      Row{"192.0.0.8", "192.0.0.8/32", "RFC 7600"}, Row{"192.0.0.7", "192.0.0.0/29", "RFC 7335"},
      Row{"192.0.0.200", "192.0.0.0/24", "RFC 6890"}, Row{"192.0.2.1", "192.0.2.0/24", "RFC 5737"},
      Row{"192.88.99.1", "192.88.99.0/24", "RFC 7526"},
      Row{"192.168.7.7", "192.168.0.0/16", "RFC 1918"},
      Row{"198.19.255.255", "198.18.0.0/15", "RFC 2544"},
      Row{"198.51.100.7", "198.51.100.0/24", "RFC 5737"},
      Row{"203.0.113.7", "203.0.113.0/24", "RFC 5737"}, Row{"224.0.0.1", "224.0.0.0/4", "RFC 5771"},
      Row{"239.255.255.255", "224.0.0.0/4", "RFC 5771"},
      Row{"240.0.0.1", "240.0.0.0/4", "RFC 1112"},
      Row{"255.255.255.255", "255.255.255.255/32", "RFC 919"}, Row{"::", "::/128", "RFC 4291"},
      Row{"::1", "::1/128", "RFC 4291"}, Row{"::ffff:1.2.3.4", "::ffff:0.0.0.0/96", "RFC 4291"},
      Row{"64:ff9b::102:304", "64:ff9b::/96", "RFC 6052"},
      Row{"64:ff9b:1::1", "64:ff9b:1::/48", "RFC 8215"}, Row{"100::1", "100::/64", "RFC 6666"},
      Row{"100:0:0:1::1", "100:0:0:1::/64", "RFC 9780"}, Row{"2001:0:1::", "2001::/32", "RFC 4380"},
      Row{"2001:1::1", "2001:1::1/128", "RFC 7723"}, Row{"2001:1::4", "2001::/23", "RFC 2928"},
      Row{"2001:2::1", "2001:2::/48", "RFC 5180"}, Row{"2001:3::1", "2001:3::/32", "RFC 7450"},
      Row{"2001:4:112::1", "2001:4:112::/48", "RFC 7535"},
      Row{"2001:1f::1", "2001:10::/28", "RFC 4843"}, Row{"2001:2f::1", "2001:20::/28", "RFC 7343"},
      Row{"2001:30::1", "2001:30::/28", "RFC 9374"},
      Row{"2001:db8::1", "2001:db8::/32", "RFC 3849"},
      Row{"2002:102:304::1", "2002::/16", "RFC 3056"},
      Row{"2620:4f:8000::1", "2620:4f:8000::/48", "RFC 7534"},
      Row{"3fff:fff::1", "3fff::/20", "RFC 9637"}, Row{"5f00::1", "5f00::/16", "RFC 9602"},
      Row{"fd00::1", "fc00::/7", "RFC 4193"}, Row{"fe80::1", "fe80::/10", "RFC 4291"},
      Row{"fec0::1", "fec0::/10", "RFC 3879"}, Row{"ff02::1", "ff00::/8", "RFC 4291"});
  CAPTURE(row.address);
  const SpecialBlock* block = find_special(IpAddress::parse(row.address).value());
  REQUIRE(block != nullptr);
  CHECK(block->prefix.to_string() == row.prefix);
  CHECK(block->reference == row.reference);
}

TEST_CASE("the neighbours of special-purpose blocks are ordinary") {
  const auto* address =
      GENERATE("1.0.0.0", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
               "126.255.255.255", "128.0.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0",
               "192.0.3.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
               "223.255.255.255", "2001:200::1", "2003::1", "2a00::1", "4000::1", "3fff:1000::1");
  CAPTURE(address);
  CHECK(find_special(IpAddress::parse(address).value()) == nullptr);
}

TEST_CASE("every special-purpose block is there once, with a name and an RFC") {
  std::set<Prefix> prefixes;
  for (const SpecialBlock& block : special_blocks()) {
    CAPTURE(block.prefix.to_string());
    CHECK(prefixes.insert(block.prefix).second);
    CHECK_FALSE(block.name.empty());
    CHECK(block.reference.starts_with("RFC "));
  }
  CHECK(prefixes.size() == 54);
}

TEST_CASE("the blocks are those of IANA's registries, reachable where the registries say so") {
  // Both registries as last updated on 2025-10-09, by their column "Globally Reachable"; the four
  // blocks without an answer (192.88.99.0/24, 2001::/32, 2001:10::/28, 2002::/16) are among the
  // second.
  const std::set<std::string> reachable{
      "192.0.0.9/32",    "192.0.0.10/32", "192.31.196.0/24", "192.52.193.0/24",  "192.175.48.0/24",
      "64:ff9b::/96",    "2001:1::1/128", "2001:1::2/128",   "2001:1::3/128",    "2001:3::/32",
      "2001:4:112::/48", "2001:20::/28",  "2001:30::/28",    "2620:4f:8000::/48"};
  const std::set<std::string> local{
      "0.0.0.0/8",          "0.0.0.0/32",      "10.0.0.0/8",     "100.64.0.0/10",
      "127.0.0.0/8",        "169.254.0.0/16",  "172.16.0.0/12",  "192.0.0.0/24",
      "192.0.0.0/29",       "192.0.0.8/32",    "192.0.0.170/32", "192.0.0.171/32",
      "192.0.2.0/24",       "192.88.99.0/24",  "192.88.99.2/32", "192.168.0.0/16",
      "198.18.0.0/15",      "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4",
      "255.255.255.255/32", "::1/128",         "::/128",         "::ffff:0.0.0.0/96",
      "64:ff9b:1::/48",     "100::/64",        "100:0:0:1::/64", "2001::/23",
      "2001::/32",          "2001:2::/48",     "2001:10::/28",   "2001:db8::/32",
      "2002::/16",          "3fff::/20",       "5f00::/16",      "fc00::/7",
      "fe80::/10"};
  const std::set<std::string> of_others{"224.0.0.0/4", "fec0::/10", "ff00::/8"};
  std::set<std::string> found_reachable;
  std::set<std::string> found_local;
  for (const SpecialBlock& block : special_blocks()) {
    const std::string prefix = block.prefix.to_string();
    if (block.reach == Reach::Global) {
      found_reachable.insert(prefix);
    } else if (!of_others.contains(prefix)) {
      found_local.insert(prefix);
    }
  }
  CHECK(found_reachable == reachable);
  CHECK(found_local == local);
}

TEST_CASE("anycast services within local blocks may be announced") {
  CHECK(find_special(IpAddress::parse("192.0.0.9").value())->reach == Reach::Global);
  CHECK(find_special(IpAddress::parse("192.175.48.1").value())->reach == Reach::Global);
  CHECK(find_special(IpAddress::parse("192.0.0.8").value())->reach == Reach::Local);
  CHECK(find_special(IpAddress::parse("2002::1").value())->reach == Reach::Local);
}
