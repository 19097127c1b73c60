#include "collector/label/text_lines.hpp"

#include <string>

using namespace isthmus;
using namespace isthmus::collector;

TEST_CASE("lines end with LF or CRLF, and the last one with the text") {
  LineAccount account;
  LineReader lines{"\xef\xbb\xbfone\r\n\ntwo", account};
  CHECK(lines.next() == "one");
  CHECK(lines.next() == "");
  CHECK(lines.next() == "two");
  CHECK_FALSE(lines.next());
  CHECK(account.lines == 3);
  CHECK(account.bytes == 12);
}

TEST_CASE("the first ten refused lines are told with their numbers, all are counted") {
  LineAccount account;
  for (account.lines = 1; account.lines <= 12; ++account.lines) {
    account.refuse("odd");
  }
  CHECK(account.refused == 12);
  REQUIRE(account.first_errors.size() == 10);
  CHECK(account.first_errors.back().message == "line 10: odd");
  CHECK(account.lossy());
}

TEST_CASE("a quoted field may hold the separator and doubled quotes") {
  std::string_view rest = R"(1,"a, ""b""",c,,"open, to the end)";
  CHECK(take_field(rest, ',') == "1");
  CHECK(take_field(rest, ',') == R"(a, ""b"")");
  CHECK(take_field(rest, ',') == "c");
  CHECK(take_field(rest, ',').empty());
  CHECK(take_field(rest, ',') == "open, to the end");
  CHECK(take_field(rest, ',').empty());
  CHECK(rest.empty());
}

TEST_CASE("a field that is nothing but quotes is empty") {
  for (const std::string_view text : {"\"", "\"\"", "\"\"\"", "\"\"\"\""}) {
    std::string_view rest = text;
    CHECK(take_field(rest, ',').size() <= 2);
    CHECK(rest.empty());
  }
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
