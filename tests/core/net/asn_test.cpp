#include "core/net/asn.hpp"

using isthmus::Asn;

TEST_CASE("an ASN is read in each of its forms") {
  CHECK(Asn::parse("131279") == Asn{131279});
  CHECK(Asn::parse("AS131279") == Asn{131279});
  CHECK(Asn::parse("as20485") == Asn{20485});
  CHECK(Asn::parse("2.207") == Asn{131279});
  CHECK(Asn::parse("0.1") == Asn{1});
  CHECK(Asn::parse("4294967295") == Asn{4294967295});
}

TEST_CASE("what is no ASN is refused") {
  for (const auto* text : {"", "AS", "A1", "-1", "4294967296", "1.65536", "65536.0", "1.", ".1",
                           "1.2.3", "12 ", "+1"}) {
    CAPTURE(text);
    CHECK_FALSE(Asn::parse(text));
  }
}

TEST_CASE("numbers that no network can have are known") {
  for (const std::uint32_t value :
       {0U, 23456U, 64496U, 64512U, 65535U, 65551U, 131071U, 4200000000U, 4294967295U}) {
    CAPTURE(value);
    CHECK(Asn{value}.is_reserved());
  }
  for (const std::uint32_t value : {1U, 4837U, 20485U, 64495U, 131072U, 131279U, 4199999999U}) {
    CAPTURE(value);
    CHECK_FALSE(Asn{value}.is_reserved());
  }
}
