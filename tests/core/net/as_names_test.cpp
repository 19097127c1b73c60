#include "core/net/as_names.hpp"

#include <string>

using namespace isthmus;

namespace {

AsNames parse(std::string_view text) {
  AsNamesBuilder builder;
  const LineAccount account = builder.add(text);
  CHECK(account.used + account.passed + account.refused == account.lines);
  return builder.build();
}

}  // namespace

TEST_CASE("names stand behind their numbers, as in RIPE's asn.txt") {
  const AsNames names = parse(
      "4837 CHINA169-BACKBONE CHINA UNICOM China169 Backbone, CN\n"
      "AS20485   TRANSTELECOM, RU\r\n"
      "131279\tSTAR-KP-AS-AP Star Joint Venture Co Ltd, KP\n");
  CHECK(names.size() == 3);
  CHECK(names.find(Asn{4837}) == "CHINA169-BACKBONE CHINA UNICOM China169 Backbone, CN");
  CHECK(names.find(Asn{20485}) == "TRANSTELECOM, RU");
  CHECK(names.find(Asn{131279}) == "STAR-KP-AS-AP Star Joint Venture Co Ltd, KP");
  CHECK(names.find(Asn{1}).empty());
}

TEST_CASE("names may be CSV, with a heading and quotes") {
  const AsNames names = parse("asn,name\n4837,\"UNICOM, \"\"the\"\" backbone\"\nAS1,Level, 3\n");
  CHECK(names.size() == 2);
  CHECK(names.find(Asn{4837}) == "UNICOM, \"the\" backbone");
  CHECK(names.find(Asn{1}) == "Level, 3");
}

TEST_CASE("as2org files join the AS with its organisation, in either order") {
  const std::string organisations =
      "# format:org_id|changed|org_name|country|source\n"
      "@fam-1-ARIN|20120101|China Unicom|CN|ARIN\n";
  const std::string ases =
      "# format:aut|changed|aut_name|org_id|opaque_id|source\n"
      "4837|20110811|CHINA169|@fam-1-ARIN|x|APNIC\n"
      "9929|20110811||@fam-1-ARIN|x|APNIC\n"
      "7|20110811|ALONE|@nobody|x|APNIC\n";
  for (const std::string& text :
       {"# name: AS Org\n" + organisations + ases, ases + organisations}) {
    const AsNames names = parse(text);
    CHECK(names.size() == 3);
    CHECK(names.find(Asn{4837}) == "CHINA169 China Unicom, CN");
    CHECK(names.find(Asn{9929}) == "China Unicom, CN");
    CHECK(names.find(Asn{7}) == "ALONE");
  }
}

TEST_CASE("of two names of an AS the later one counts") {
  CHECK(parse("1 OLD\n2 TWO\n1 NEW\n").find(Asn{1}) == "NEW");
  CHECK(parse("1 OLD\n2 TWO\n1 NEW\n").size() == 2);
}

TEST_CASE("control characters and broken UTF-8 do not get into names") {
  CHECK(parse("1 a\x1b[31mb\x7f"
              "c\n")
            .find(Asn{1}) == "a [31mb c");
  CHECK(parse("1 caf\xc3\xa9\n").find(Asn{1}) == "caf\xc3\xa9");
  CHECK(parse("1 caf\xe9 x\n").find(Asn{1}) == "caf? x");
  CHECK(parse("1 a\xc0\xaf"
              "b\n")
            .find(Asn{1}) == "a??b");
  CHECK(parse("1 a\xed\xa0\x80\n").find(Asn{1}) == "a???");
  CHECK(parse("1 a\xf4\x90\x80\x80\n").find(Asn{1}) == "a????");
  CHECK(parse("1 a\xf0\x9f\x8c\x8d\n").find(Asn{1}) == "a\xf0\x9f\x8c\x8d");
  CHECK(parse("1 a\xf0\x9f\x8c").find(Asn{1}) == "a???");
}

TEST_CASE("a long name is cut between characters") {
  const std::string name = std::string(199, 'x') + "\xc3\xa9";
  CHECK(parse("1 " + name).find(Asn{1}) == std::string(199, 'x'));
}

TEST_CASE("a line without a number or a name is refused") {
  const auto* line = GENERATE("x", "1", "1,", "name 1", "AS 1", "4294967296 X", "1,\"\"", "1 \x01");
  CAPTURE(line);
  AsNamesBuilder builder;
  const LineAccount account = builder.add("2 TWO\n" + std::string{line} + "\n");
  CHECK(account.refused == 1);
  CHECK(account.used == 1);
  CHECK(builder.build().size() == 1);
}

TEST_CASE("names survive the move of their table") {
  AsNames names = parse("1 A\n");
  const std::string_view name = names.find(Asn{1});
  const AsNames moved = std::move(names);
  CHECK(moved.find(Asn{1}).data() == name.data());
}

TEST_CASE("names of several texts come together, each text in its own format") {
  AsNamesBuilder builder;
  builder.add("# format:org_id|changed|org_name|country|source\no|1|Org|KP|x\n");
  builder.add("asn,name\n1,ONE\n");
  builder.add("# format:aut|changed|aut_name|org_id|opaque_id|source\n2|1|TWO|o|x|x\n");
  const AsNames names = builder.build();
  CHECK(names.find(Asn{1}) == "ONE");
  CHECK(names.find(Asn{2}) == "TWO Org, KP");
  CHECK(builder.build().size() == 0);
}
