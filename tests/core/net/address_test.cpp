#include "core/net/address.hpp"

#include <arpa/inet.h>

#include <random>

using isthmus::Family;
using isthmus::IpAddress;

TEST_CASE("the canonical text of RFC 5952 is written") {
  const auto [input, expected] =
      GENERATE(table<std::string, std::string>({{"2001:0db8::0001", "2001:db8::1"},
                                                {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},
                                                {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                                                {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
                                                {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                                                {"2001:DB8::A", "2001:db8::a"},
                                                {"::", "::"},
                                                {"::1", "::1"},
                                                {"fe80::", "fe80::"},
                                                {"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
                                                {"175.45.176.0", "175.45.176.0"}}));
  const auto address = IpAddress::parse(input);
  REQUIRE(address);
  CHECK(address->to_string() == expected);
}

TEST_CASE("what is no address is refused") {
  const auto text = GENERATE(as<std::string>{}, "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ",
                             ":::", "2001:db8::1%eth0", "g::", "1:2:3:4:5:6:7:8:9", "010.1.1.1/8",
                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
  CAPTURE(text);
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("random IPv6 addresses agree with the C library") {
  std::mt19937_64 random{131279};
  for (int i = 0; i < 20'000; ++i) {
    // Zero groups are made likely, as they are what the short form is about.
    const auto word = [&] {
      std::uint64_t value = 0;
      for (int group = 0; group < 4; ++group) {
        value = value << 16 | (random() % 3 == 0 ? random() & 0xffff : random() % 2);
      }
      return value;
    };
    const auto address = IpAddress::v6(word(), word());
    const auto octets = address.octets();
    std::array<char, INET6_ADDRSTRLEN> expected{};
    REQUIRE(inet_ntop(AF_INET6, octets.data(), expected.data(), expected.size()) != nullptr);
    const std::string text = address.to_string();
    if (std::string_view{expected.data()}.find('.') == std::string_view::npos) {
      CHECK(text == expected.data());  // glibc also writes the deprecated ::a.b.c.d
    }
    CHECK(IpAddress::parse(text) == address);
  }
}

TEST_CASE("IPv4 sorts before IPv6, and each by value") {
  const auto a = *IpAddress::parse("9.255.255.255");
  const auto b = *IpAddress::parse("10.0.0.0");
  const auto c = *IpAddress::parse("::");
  CHECK(a < b);
  CHECK(b < c);
  CHECK(IpAddress::v4(0) != c);
}

TEST_CASE("bits are cut and read from the front, in both families") {
  const auto v4 = *IpAddress::parse("175.45.179.255");
  CHECK(v4.masked(22).to_string() == "175.45.176.0");
  CHECK(v4.masked(0).to_string() == "0.0.0.0");
  CHECK(v4.masked(32) == v4);
  CHECK(v4.bit(0) == 1);
  CHECK(v4.bit(1) == 0);
  const auto v6 = *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  CHECK(v6.masked(65).to_string() == "ffff:ffff:ffff:ffff:8000::");
  CHECK(v6.masked(64).to_string() == "ffff:ffff:ffff:ffff::");
  CHECK(v6.masked(0).to_string() == "::");
  CHECK(v6.masked(128) == v6);
  CHECK(v6.bit(127) == 1);
}

TEST_CASE("a short span of bytes is filled up with zeros") {
  const std::array<std::byte, 3> bytes{std::byte{175}, std::byte{45}, std::byte{176}};
  CHECK(IpAddress::from_bytes(Family::Ipv4, bytes).to_string() == "175.45.176.0");
  CHECK(IpAddress::from_bytes(Family::Ipv6, bytes).to_string() == "af2d:b000::");
  CHECK(IpAddress::from_bytes(Family::Ipv6, {}).to_string() == "::");
}
