#include "core/net/origin_table.hpp"

#include <string>

using namespace isthmus;

namespace {

/// "10.0.0.0/8 1 2": the match and its origins, or "-".
std::string match(const OriginTable& table, const char* address) {
  const auto found = table.longest_match(IpAddress::parse(address).value());
  if (!found) {
    return "-";
  }
  std::string text = found->prefix.to_string();
  for (const Asn asn : found->origins) {
    text += ' ' + std::to_string(asn.value);
  }
  return text;
}

OriginTable build(OriginTableBuilder& builder) {
  auto table = builder.build();
  REQUIRE(table);
  return std::move(*table);
}

}  // namespace

TEST_CASE("prefixes may be added in any order and twice") {
  OriginTableBuilder builder;
  builder.add(*Prefix::parse("10.1.0.0/16"), Asn{2});
  builder.add(*Prefix::parse("10.0.0.0/8"), Asn{1});
  builder.add(*Prefix::parse("2001:db8::/32"), Asn{3});
  builder.add(*Prefix::parse("10.1.0.0/16"), Asn{2});
  const OriginTable table = build(builder);
  CHECK(table.size() == 3);
  CHECK(table.moas_count() == 0);
  CHECK(match(table, "10.1.2.3") == "10.1.0.0/16 2");
  CHECK(match(table, "10.2.2.3") == "10.0.0.0/8 1");
  CHECK(match(table, "2001:db8::1") == "2001:db8::/32 3");
  CHECK(match(table, "11.0.0.0") == "-");
  CHECK(builder.size() == 0);
}

TEST_CASE("several origins of a prefix are one sorted set, shared by prefixes with the same") {
  OriginTableBuilder builder;
  for (const char* prefix : {"10.0.0.0/24", "10.0.2.0/24"}) {
    builder.add(*Prefix::parse(prefix), Asn{20});
    builder.add(*Prefix::parse(prefix), Asn{10});
  }
  builder.add(*Prefix::parse("10.0.4.0/24"), Asn{10});
  builder.add(*Prefix::parse("10.0.6.0/24"), Asn{10});
  const OriginTable table = build(builder);
  CHECK(table.size() == 4);
  CHECK(table.moas_count() == 2);
  CHECK(table.set_count() == 2);
  CHECK(match(table, "10.0.0.1") == "10.0.0.0/24 10 20");
  CHECK(match(table, "10.0.2.1") == "10.0.2.0/24 10 20");
  CHECK(match(table, "10.0.6.1") == "10.0.6.0/24 10");
}

TEST_CASE("pfx2as lines give one origin, MOAS and AS_SET") {
  OriginTableBuilder builder;
  const LineAccount account = parse_pfx2as(
      "1.0.0.0\t24\t13335\r\n"
      "1.0.4.0\t22\t38803_4837\n"
      "\n"
      "1.0.64.0\t18\t18144,7,18144\n"
      "2001:200::\t32\t2500",
      builder);
  CHECK(account.lines == 5);
  CHECK(account.used == 4);
  CHECK(account.passed == 1);
  CHECK_FALSE(account.lossy());
  const OriginTable table = build(builder);
  CHECK(match(table, "1.0.0.1") == "1.0.0.0/24 13335");
  CHECK(match(table, "1.0.7.255") == "1.0.4.0/22 4837 38803");
  CHECK(match(table, "1.0.65.0") == "1.0.64.0/18 7 18144");
  CHECK(match(table, "2001:200::9") == "2001:200::/32 2500");
}

TEST_CASE("a pfx2as line that is damaged is refused and the rest is read") {
  const auto* line =
      GENERATE("1.0.0.0\t33\t1", "1.0.0.1\t24\t1", "1.0.0\t24\t1", "1.0.0.0\t24", "1.0.0.0\t24\t",
               "1.0.0.0\t-1\t1", "1.0.0.0\t2x\t1", "1.0.0.0 24 1", "\t\t", "1.0.0.0\t24\t1\t2",
               "1.0.0.0\t24\t99999999999", "2001::\t129\t1", "1.0.0.0\t\t1");
  CAPTURE(line);
  OriginTableBuilder builder;
  const LineAccount account =
      parse_pfx2as("9.0.0.0\t8\t9\n" + std::string{line} + "\n8.0.0.0\t8\t8\n", builder);
  if (account.passed == 0) {  // "\t\t" is blank
    CHECK(account.refused == 1);
    REQUIRE(account.first_errors.size() == 1);
    CHECK(account.first_errors[0].message.starts_with("line 2: "));
  }
  CHECK(account.used == 2);
  CHECK(account.used + account.passed + account.refused == account.lines);
  CHECK(builder.size() == 2);
}

TEST_CASE("ranges become prefixes, with commas or tabs, and names are left alone") {
  OriginTableBuilder builder;
  const LineAccount account = parse_origin_csv(
      "start,end,asn\n"
      "1.0.0.0,1.0.0.255,13335,\"Cloudflare, Inc.\"\n"
      "1.0.1.0\t1.0.3.255\t0\tNone\tNot routed\n"
      "1.0.4.0\t1.0.6.255\t38803\tAU\tWPL\n"
      "2001:200::,2001:200:1:ffff:ffff:ffff:ffff:ffff,2500,WIDE\n",
      builder);
  CHECK(account.lines == 5);
  CHECK(account.used == 3);
  CHECK(account.passed == 2);
  CHECK(account.refused == 0);
  const OriginTable table = build(builder);
  CHECK(match(table, "1.0.0.9") == "1.0.0.0/24 13335");
  CHECK(match(table, "1.0.2.0") == "-");
  CHECK(match(table, "1.0.5.0") == "1.0.4.0/23 38803");
  CHECK(match(table, "1.0.6.0") == "1.0.6.0/24 38803");
  CHECK(match(table, "2001:200:1::") == "2001:200::/47 2500");
}

TEST_CASE("a range that cannot be is refused") {
  const auto* line = GENERATE("1.0.0.9,1.0.0.8,1", "1.0.0.0,::1,1", "1.0.0.0,1.0.0.9", "1.0.0.0",
                              "1.0.0.0,1.0.0.9,x", "a,b,1", "1.0.0.0;1.0.0.9;1", ",,", "\"", "x");
  CAPTURE(line);
  OriginTableBuilder builder;
  const LineAccount account = parse_origin_csv("9.0.0.0,9.0.0.0,9\n" + std::string{line}, builder);
  CHECK(account.refused == 1);
  CHECK(account.used == 1);
  CHECK(builder.size() == 1);
}

TEST_CASE("only the first line of a range file may be a heading") {
  OriginTableBuilder builder;
  CHECK(parse_origin_csv("range_start,range_end,asn\n", builder).passed == 1);
  CHECK(parse_origin_csv("1.0.0.0,range_end,asn\n", builder).refused == 1);
  CHECK(parse_origin_csv("1,2,3\n", builder).refused == 1);
}

TEST_CASE("overrides have comments and remarks, and private space is theirs to name") {
  OriginTableBuilder builder;
  const LineAccount account = parse_overrides(
      "# our own knowledge\n"
      "10.0.0.0/8, AS64500, the lab\n"
      "2001:db8::/32,64500_64501\n"
      "10.0.0.1/8,1\n"
      "10.0.0.0/8\n",
      builder);
  CHECK(account.used == 2);
  CHECK(account.passed == 1);
  CHECK(account.refused == 2);
  const OriginTable table = build(builder);
  CHECK(match(table, "10.9.9.9") == "10.0.0.0/8 64500");
  CHECK(match(table, "2001:db8::1") == "2001:db8::/32 64500 64501");
}

TEST_CASE("origins are read with their separators, sorted, each once") {
  using Origins = std::vector<Asn>;
  CHECK(parse_origins("13335") == Origins{Asn{13335}});
  CHECK(parse_origins("4808_4837") == Origins{Asn{4808}, Asn{4837}});
  CHECK(parse_origins("3_2,1_2") == Origins{Asn{1}, Asn{2}, Asn{3}});
  CHECK(parse_origins("4294967295") == Origins{Asn{4294967295}});
}

TEST_CASE("what is not a list of AS numbers is refused") {
  const auto* text = GENERATE("", "_", "1_", ",1", "1__2", "x", "1 2", "-1", "4294967296", "{1}");
  CAPTURE(text);
  CHECK_FALSE(parse_origins(text));
}

TEST_CASE("a list of more than 256 origins is refused") {
  std::string text = "1";
  for (int i = 2; i <= 256; ++i) {
    text += "_" + std::to_string(i);
  }
  CHECK(parse_origins(text).value().size() == 256);
  CHECK_FALSE(parse_origins(text + "_257"));
}
