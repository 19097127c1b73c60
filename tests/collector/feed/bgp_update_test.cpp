#include "collector/feed/bgp_update.hpp"

#include "tests/support/mrt_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

std::vector<std::string> prefixes(const std::string& field, Family family, bool add_path) {
  const NlriCheck check = check_nlri(as_bytes(field), family, add_path);
  ByteReader reader{as_bytes(field).first(check.usable)};
  std::vector<std::string> found;
  while (!reader.empty()) {
    const auto each = next_nlri(reader, family, check.add_path);
    REQUIRE(each);
    found.push_back(each->prefix.to_string() +
                    (check.add_path ? "#" + std::to_string(each->path_id) : ""));
  }
  return found;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("an UPDATE is split at its two lengths") {
  const std::string body = update(nlri("10.0.0.0/8"), origin(), nlri("192.0.2.0/24"));
  const auto fields = split_update(as_bytes(body));
  REQUIRE(fields);
  CHECK(as_text(fields->withdrawn) == nlri("10.0.0.0/8"));
  CHECK(as_text(fields->attributes) == origin());
  CHECK(as_text(fields->nlri) == nlri("192.0.2.0/24"));
}

TEST_CASE("an UPDATE whose lengths do not fit is refused") {
  const std::string body = update(nlri("10.0.0.0/8"), origin(), {});
  for (std::size_t size = 0; size < body.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(split_update(as_bytes(body).first(size)));
  }
  CHECK_FALSE(split_update(as_bytes(u16(5) + "12" + u16(0))));
  CHECK_FALSE(split_update(as_bytes(u16(0) + u16(3) + "12")));
}

TEST_CASE("prefixes of every length of both families are read, with and without path identifiers") {
  for (unsigned length = 0; length <= 128; ++length) {
    CAPTURE(length);
    const std::string six = Prefix::covering(IpAddress::v6(~0ULL, ~0ULL), length).to_string();
    CHECK(prefixes(nlri(six), Family::Ipv6, false) == Texts{six});
    CHECK(prefixes(nlri(six, 7) + nlri(six, 4000000000U), Family::Ipv6, true) ==
          Texts{six + "#7", six + "#4000000000"});
    if (length <= 32) {
      const std::string four = Prefix::covering(IpAddress::v4(~0U), length).to_string();
      CHECK(prefixes(nlri(four), Family::Ipv4, false) == Texts{four});
    }
  }
}

TEST_CASE("bits behind a prefix's length do not count") {
  CHECK(prefixes(u8(12) + u8(0x0a) + u8(0xff), Family::Ipv4, false) == Texts{"10.240.0.0/12"});
}

TEST_CASE("a length past the family's bits ends what is usable") {
  const std::string good = nlri("192.0.2.0/24");
  CHECK(check_nlri(as_bytes(good + u8(33) + "12345"), Family::Ipv4, false).usable == good.size());
  CHECK(check_nlri(as_bytes(u8(129) + std::string(17, 'x')), Family::Ipv6, false).usable == 0);
  CHECK(check_nlri(as_bytes(u8(33) + "12345"), Family::Ipv6, false).usable == 6);
}

TEST_CASE("a prefix that is cut short ends what is usable") {
  const std::string good = nlri("192.0.2.0/24");
  const std::string bytes = good + nlri("198.51.100.0/24");
  for (std::size_t size = good.size(); size < bytes.size(); ++size) {
    CHECK(check_nlri(as_bytes(bytes).first(size), Family::Ipv4, false).usable == good.size());
  }
  ByteReader reader{as_bytes(bytes).first(2)};
  CHECK_FALSE(next_nlri(reader, Family::Ipv4, false));
}

TEST_CASE("one default route is one, but before damage it is noise") {
  CHECK(prefixes(nlri("0.0.0.0/0"), Family::Ipv4, false) == Texts{"0.0.0.0/0"});
  CHECK(prefixes(nlri("0.0.0.0/0") + nlri("10.0.0.0/8"), Family::Ipv4, false) ==
        Texts{"0.0.0.0/0", "10.0.0.0/8"});
  CHECK(check_nlri(as_bytes(nlri("0.0.0.0/0") + u8(99)), Family::Ipv4, false).usable == 0);
}

TEST_CASE("small path identifiers under a plain subtype are recognised") {
  const std::string field = nlri("192.0.2.0/24", 1) + nlri("198.51.100.0/22", 2);
  CHECK(prefixes(field, Family::Ipv4, false) == Texts{"192.0.2.0/24#1", "198.51.100.0/22#2"});
  CHECK(check_nlri(as_bytes(field), Family::Ipv4, false).add_path);
}

TEST_CASE("a field with two default routes that fits neither reading yields nothing") {
  const std::string field = nlri("0.0.0.0/0") + nlri("0.0.0.0/0") + nlri("10.0.0.0/8");
  CHECK(check_nlri(as_bytes(field), Family::Ipv4, false).usable == 0);
  CHECK_FALSE(check_nlri(as_bytes(field), Family::Ipv4, false).add_path);
}

TEST_CASE("declared path identifiers are believed") {
  const std::string field = nlri("0.0.0.0/0", 1) + nlri("0.0.0.0/0", 2);
  CHECK(prefixes(field, Family::Ipv4, true) == Texts{"0.0.0.0/0#1", "0.0.0.0/0#2"});
}

TEST_CASE("what check_nlri calls usable can be read whatever the bytes") {
  Dice dice{1};
  for (int i = 0; i < 20000; ++i) {
    std::string field = dice.bytes(dice.below(24));
    for (char& each : field) {
      each = static_cast<char>(each & (dice.below(2) == 0 ? 0x1f : 0xff));
    }
    const Family family = dice.below(2) == 0 ? Family::Ipv4 : Family::Ipv6;
    const NlriCheck check = check_nlri(as_bytes(field), family, dice.below(2) == 0);
    REQUIRE(check.usable <= field.size());
    ByteReader reader{as_bytes(field).first(check.usable)};
    bool good = true;
    while (!reader.empty() && good) {
      good = next_nlri(reader, family, check.add_path).has_value();
    }
    REQUIRE(good);
  }
}
