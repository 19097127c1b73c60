#include "collector/feed/bgp_attributes.hpp"

#include "tests/support/mrt_builder.hpp"

using namespace isthmus;
using namespace isthmus::collector;
using namespace isthmus::testing;

namespace {

using Form = AttributeDecoder::Form;
using Asns = std::vector<std::uint32_t>;

/// Attributes, and the bytes that they look into.
struct Decoded {
  explicit Decoded(std::string encoded, AsnWidth width = AsnWidth::Four, Form form = Form::Update,
                   Detail detail = Detail::Everything)
      : bytes(std::move(encoded)) {
    result = &decoder.decode(as_bytes(bytes), width, form, detail);
  }
  const DecodedAttributes* operator->() const { return result; }
  [[nodiscard]] std::string path() const { return result->attributes.as_path.to_string(); }

  std::string bytes;
  AttributeDecoder decoder;
  const DecodedAttributes* result = nullptr;
};

std::string old_path(const Asns& asns) {
  return as_path(asns, 2);
}

}  // namespace

TEST_CASE("every attribute that a route can hold is read") {
  const std::string bytes =
      origin(2) + as_path(Asns{64500, 4200000001U}) + next_hop("192.0.2.1") + med(7) +
      local_pref(200) + attribute(0x40, 6, {}) + aggregator(131279, "192.0.2.7") +
      communities({0xfde80001, 0xffffff01}) + attribute(0xc0, 32, u32(1) + u32(2) + u32(3)) +
      attribute(0xc0, 35, u32(64500));
  const Decoded decoded{bytes};
  const RouteAttributes& attributes = decoded->attributes;
  CHECK(decoded->malformed.empty());
  CHECK(decoded->discarded == 0);
  CHECK(attributes.origin == Origin::Incomplete);
  CHECK(decoded.path() == "64500 4200000001");
  CHECK(attributes.next_hop == IpAddress::parse("192.0.2.1"));
  CHECK(attributes.med == 7U);
  CHECK(attributes.local_pref == 200U);
  CHECK(attributes.atomic_aggregate);
  CHECK((attributes.aggregator == Aggregator{Asn{131279}, *IpAddress::parse("192.0.2.7")}));
  CHECK(attributes.communities == std::vector<std::uint32_t>{0xfde80001, 0xffffff01});
  CHECK(attributes.large_communities == std::vector<LargeCommunity>{{1, 2, 3}});
  CHECK(attributes.only_to_customer == Asn{64500});
}

TEST_CASE("who wants paths alone gets origin, path and OTC, and no more") {
  const Decoded decoded{origin(1) + as_path(Asns{1, 2}) + next_hop("192.0.2.1") + med(7) +
                            communities({1}) + attribute(0xc0, 35, u32(1)),
                        AsnWidth::Four, Form::Update, Detail::Paths};
  CHECK(decoded->attributes.origin == Origin::Egp);
  CHECK(decoded.path() == "1 2");
  CHECK(decoded->attributes.only_to_customer == Asn{1});
  CHECK_FALSE(decoded->attributes.next_hop);
  CHECK_FALSE(decoded->attributes.med);
  CHECK(decoded->attributes.communities.empty());
}

TEST_CASE("nothing of one set of attributes is left in the next") {
  AttributeDecoder decoder;
  const std::string full = origin() + as_path(Asns{1}) + med(1) + communities({1}) +
                           as4_path(Asns{9}) + as4_aggregator(9, "192.0.2.1") +
                           mp_reach(2, 1, address("::1"), nlri("2001:db8::/32"));
  decoder.decode(as_bytes(full), AsnWidth::Four, Form::Update, Detail::Everything);
  const auto& empty = decoder.decode({}, AsnWidth::Two, Form::Update, Detail::Everything);
  CHECK(empty.attributes == RouteAttributes{});
  CHECK_FALSE(empty.reach);
  CHECK_FALSE(empty.has_as_path);
  CHECK(empty.malformed.empty());
}

TEST_CASE("an AS path has segments of every type, and more than 255 numbers over several") {
  const std::string segments =
      segment(3, {65001}) + segment(4, {65002, 65003}) + segment(2, {1, 2}) + segment(1, {3, 4});
  CHECK(Decoded{as_path_of(segments)}.path() == "(65001) [65002,65003] 1 2 {3,4}");
  const Decoded longer{as_path_of(segment(2, Asns(255, 7)) + segment(2, Asns(200, 8)))};
  CHECK(longer->malformed.empty());
  CHECK(longer->attributes.as_path.asns().size() == 455);
}

TEST_CASE("malformed attributes that carry the route have it treated as withdrawn (RFC 7606)") {
  const auto [what, bytes] = GENERATE(table<std::string, std::string>({
      {"ORIGIN of an unknown value", attribute(0x40, 1, u8(3))},
      {"ORIGIN of two bytes", attribute(0x40, 1, u16(0))},
      {"ORIGIN without a value", attribute(0x40, 1, {})},
      {"AS_PATH cut short", as_path_of(segment(2, {1, 2}).substr(0, 7))},
      {"AS_PATH of an unknown segment type", as_path_of(segment(5, {1}))},
      {"AS_PATH with an empty segment", as_path_of(segment(2, {}))},
      {"AS_PATH with a single byte behind", as_path_of(segment(2, {1}) + "x")},
      {"NEXT_HOP of five bytes", attribute(0x40, 3, "12345")},
      {"MULTI_EXIT_DISC of three bytes", attribute(0x80, 4, "123")},
      {"LOCAL_PREF of five bytes", attribute(0x40, 5, "12345")},
      {"COMMUNITIES of six bytes", attribute(0xc0, 8, "123456")},
      {"LARGE_COMMUNITY of eleven bytes", attribute(0xc0, 32, "12345678901")},
      {"LARGE_COMMUNITY without a value", attribute(0xc0, 32, {})},
      {"ONLY_TO_CUSTOMER of two bytes", attribute(0xc0, 35, "12")},
      {"MP_REACH_NLRI cut short", attribute(0x80, 14, u16(2) + u8(1) + u8(16) + "123")},
      {"MP_UNREACH_NLRI cut short", attribute(0x80, 15, u16(2))},
      {"MP_UNREACH_NLRI twice", mp_unreach(2, 1, {}) + mp_unreach(2, 1, {})},
      {"an attribute longer than the rest", u8(0x40) + u8(99) + u8(200) + "123"},
      {"a header cut short", u8(0x40)},
      {"an extended length cut short", u8(0x50) + u8(2) + u8(0)},
  }));
  CAPTURE(what);
  CHECK_FALSE(Decoded { bytes } -> malformed.empty());
}

TEST_CASE("malformed attributes without weight are thrown away alone (RFC 7606)") {
  const auto [what, bytes, size] = GENERATE(table<std::string, std::string, std::size_t>({
      {"ATOMIC_AGGREGATE with a value", attribute(0x40, 6, "x"), 1},
      {"AGGREGATOR of seven bytes", attribute(0xc0, 7, "1234567"), 7},
      {"AS4_AGGREGATOR of six bytes", attribute(0xc0, 18, "123456"), 6},
      {"AS4_PATH with an empty segment", as4_path_of(segment(2, {})), 2},
      {"MED twice", med(1) + med(2), 4},
  }));
  CAPTURE(what);
  const Decoded decoded{origin() + as_path(Asns{1}) + bytes};
  CHECK(decoded->malformed.empty());
  CHECK(decoded->discarded == size);
  CHECK(decoded.path() == "1");
}

TEST_CASE("of several attributes with one code the first counts") {
  const Decoded decoded{med(1) + med(2) + as_path(Asns{1}) + as_path(Asns{2})};
  CHECK(decoded->attributes.med == 1U);
  CHECK(decoded.path() == "1");
}

TEST_CASE("unknown attributes are stepped over") {
  const Decoded decoded{attribute(0xc0, 200, "anything") +
                        attribute(0xd0, 201, std::string(300, 'x')) + as_path(Asns{1})};
  CHECK(decoded->malformed.empty());
  CHECK(decoded->discarded == 0);
  CHECK(decoded.path() == "1");
}

TEST_CASE("AS4_PATH mends the path of a two-byte session (RFC 6793 section 4.2.3)") {
  const auto [what, old, new4, merged] =
      GENERATE(table<std::string, std::string, std::string, std::string>({
          {"as long", old_path({23456, 4837, 23456}), as4_path(Asns{200000, 4837, 131279}),
           "200000 4837 131279"},
          {"shorter: the head stays", old_path({64500, 3356, 23456}), as4_path(Asns{131279}),
           "64500 3356 131279"},
          {"longer: it is left aside", old_path({64500, 23456}), as4_path(Asns{1, 2, 131279}),
           "64500 23456"},
          {"a set in the old head counts as one",
           as_path_of(segment(1, {7, 8}, 2) + segment(2, {23456}, 2)), as4_path(Asns{131279}),
           "{7,8} 131279"},
          {"a set in the new tail counts as one", old_path({64500, 23456}),
           as4_path_of(segment(1, {131279, 131280})), "64500 {131279,131280}"},
          {"a confederation in the old head does not count",
           as_path_of(segment(3, {65001, 65002}, 2) + segment(2, {64500, 23456}, 2)),
           as4_path(Asns{131279}), "(65001 65002) 64500 131279"},
          {"confederation segments in AS4_PATH are dropped (RFC 6793 section 6)",
           old_path({64500, 23456}), as4_path_of(segment(3, {65001}) + segment(2, {131279})),
           "64500 131279"},
          {"empty", old_path({64500, 23456}), as4_path_of({}), "64500 23456"},
          {"malformed", old_path({64500, 23456}), as4_path_of(segment(9, {131279})), "64500 23456"},
      }));
  CAPTURE(what);
  CHECK(Decoded(old + new4, AsnWidth::Two).path() == merged);
  CHECK(Decoded(new4 + old, AsnWidth::Two).path() == merged);
}

TEST_CASE("AS4_PATH is no news on a four-byte session") {
  CHECK(Decoded{as_path(Asns{1, 23456}) + as4_path(Asns{9, 9})}.path() == "1 23456");
}

TEST_CASE(
    "AS4_AGGREGATOR counts where AGGREGATOR says AS_TRANS; else both new attributes are ignored") {
  const std::string path = old_path({64500, 23456}) + as4_path(Asns{131279});
  const Decoded trans{
      path + aggregator(23456, "192.0.2.1", 2) + as4_aggregator(131279, "192.0.2.7"),
      AsnWidth::Two};
  CHECK((trans->attributes.aggregator == Aggregator{Asn{131279}, *IpAddress::parse("192.0.2.7")}));
  CHECK(trans.path() == "64500 131279");
  const Decoded other{
      path + aggregator(64500, "192.0.2.1", 2) + as4_aggregator(131279, "192.0.2.7"),
      AsnWidth::Two};
  CHECK((other->attributes.aggregator == Aggregator{Asn{64500}, *IpAddress::parse("192.0.2.1")}));
  CHECK(other.path() == "64500 23456");
  const Decoded alone{path + as4_aggregator(131279, "192.0.2.7"), AsnWidth::Two};
  CHECK_FALSE(alone->attributes.aggregator);
}

TEST_CASE("an aggregator's length tells its width, whatever the session's") {
  const Aggregator expected{Asn{64500}, *IpAddress::parse("192.0.2.7")};
  CHECK((Decoded(aggregator(64500, "192.0.2.7", 2))->attributes.aggregator == expected));
  CHECK((Decoded(aggregator(64500, "192.0.2.7", 4), AsnWidth::Two)->attributes.aggregator ==
         expected));
}

TEST_CASE("MP_REACH_NLRI of an UPDATE has family, next hop and prefixes") {
  const std::string global = address("2001:db8::1");
  const std::string prefixes = nlri("2001:db8::/32");
  for (const std::string& hop : {global, global + address("fe80::1")}) {
    const Decoded decoded{mp_reach(2, 1, hop, prefixes)};
    REQUIRE(decoded->reach);
    CHECK(decoded->reach->afi == 2);
    CHECK(decoded->reach->safi == 1);
    CHECK(decoded->reach->next_hop == IpAddress::parse("2001:db8::1"));
    CHECK(as_text(decoded->reach->nlri) == prefixes);
  }
  const Decoded strange{mp_reach(1, 128, std::string(12, 'x'), "vpn")};
  REQUIRE(strange->reach);
  CHECK_FALSE(strange->reach->next_hop);
  CHECK(as_text(strange->reach->nlri) == "vpn");
}

TEST_CASE("subnetwork points of attachment of RFC 2858 are stepped over") {
  const std::string value = u16(1) + u8(2) + u8(4) + address("192.0.2.1") + u8(2) + u8(3) + "ab" +
                            u8(4) + "cd" + nlri("10.0.0.0/8");
  const Decoded decoded{attribute(0x80, 14, value)};
  REQUIRE(decoded->reach);
  CHECK(as_text(decoded->reach->nlri) == nlri("10.0.0.0/8"));
}

TEST_CASE("MP_REACH_NLRI of a RIB entry is the next hop alone, or the whole as some write it") {
  const std::string global = address("2001:db8::1");
  const IpAddress expected = *IpAddress::parse("2001:db8::1");
  for (const std::string& hop : {global, global + address("fe80::1")}) {
    const Decoded decoded{attribute(0x80, 14, u8(hop.size()) + hop), AsnWidth::Four,
                          Form::RibEntry};
    REQUIRE(decoded->reach);
    CHECK(decoded->reach->next_hop == expected);
  }
  const Decoded full{mp_reach(2, 1, global, nlri("2001:db8::/32")), AsnWidth::Four, Form::RibEntry};
  REQUIRE(full->reach);
  CHECK(full->reach->next_hop == expected);
  const Decoded four{attribute(0x80, 14, u8(4) + address("192.0.2.1")), AsnWidth::Four,
                     Form::RibEntry};
  REQUIRE(four->reach);
  CHECK(four->reach->next_hop == IpAddress::parse("192.0.2.1"));
  const Decoded bad{attribute(0x80, 14, u8(16) + "short"), AsnWidth::Four, Form::RibEntry};
  CHECK_FALSE(bad->reach);
  CHECK(bad->discarded == 6);
}

TEST_CASE("any bytes are decoded without a read past their end") {
  Dice dice{2};
  const std::string good = origin() + as_path(Asns{1, 2, 3}) + aggregator(1, "192.0.2.1") +
                           mp_reach(2, 1, address("2001:db8::1"), nlri("2001:db8::/32")) +
                           as4_path(Asns{1, 2}) + communities({1, 2, 3});
  AttributeDecoder decoder;
  for (int i = 0; i < 20000; ++i) {
    const std::string damaged = dice.damage(good);
    const std::vector<char> exact(damaged.begin(), damaged.end());  // ASan sees its end
    const auto width = dice.below(2) == 0 ? AsnWidth::Two : AsnWidth::Four;
    const auto form = dice.below(2) == 0 ? Form::Update : Form::RibEntry;
    const auto& decoded =
        decoder.decode(std::as_bytes(std::span{exact}), width, form, Detail::Everything);
    REQUIRE(decoded.discarded <= damaged.size());
  }
}
