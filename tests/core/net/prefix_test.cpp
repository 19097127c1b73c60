#include "core/net/prefix.hpp"

using isthmus::IpAddress;
using isthmus::Prefix;

TEST_CASE("a prefix is read and written alike") {
  const auto text = GENERATE(as<std::string>{}, "175.45.176.0/22", "0.0.0.0/0", "192.0.2.1/32",
                             "::/0", "2001:db8::/32", "2001:db8::1/128");
  const auto prefix = Prefix::parse(text);
  REQUIRE(prefix);
  CHECK(prefix->to_string() == text);
}

TEST_CASE("a prefix with bits past its length is a typing error") {
  for (const auto* text : {"175.45.176.1/24", "2001:db8::1/64", "1.2.3.4/33", "::/129", "1.2.3.4",
                           "/24", "1.2.3.0/", "1.2.3.0/ 24", "1.2.3.0/-1", "1.2.3.0/24x"}) {
    CAPTURE(text);
    CHECK_FALSE(Prefix::parse(text));
  }
}

TEST_CASE("a prefix contains its addresses and its more specifics, of its own family") {
  const auto target = *Prefix::parse("175.45.176.0/22");
  CHECK(target.contains(*IpAddress::parse("175.45.179.255")));
  CHECK_FALSE(target.contains(*IpAddress::parse("175.45.180.0")));
  CHECK(target.contains(*Prefix::parse("175.45.178.0/24")));
  CHECK(target.contains(target));
  CHECK_FALSE(target.contains(*Prefix::parse("175.45.176.0/21")));
  CHECK_FALSE(Prefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("::1")));
}

TEST_CASE("a length beyond the family's bits is cut to them") {
  CHECK(Prefix::covering(IpAddress::v4(1), 200).length() == 32);
}

TEST_CASE("a prefix sorts right before what it contains") {
  CHECK(*Prefix::parse("10.0.0.0/8") < *Prefix::parse("10.0.0.0/9"));
  CHECK(*Prefix::parse("10.0.0.0/9") < *Prefix::parse("10.128.0.0/9"));
  CHECK(*Prefix::parse("255.0.0.0/8") < *Prefix::parse("::/0"));
}
