#include "core/base/text_lines.hpp"

#include <string>

using namespace isthmus;

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
