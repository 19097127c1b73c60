#include "core/base/time.hpp"

#include <limits>

using namespace std::chrono_literals;
using isthmus::Duration;
using isthmus::format_duration;
using isthmus::format_utc;
using isthmus::parse_duration;
using isthmus::parse_utc;
using isthmus::TimePoint;

TEST_CASE("a time is written as people and RFC 3339 write it") {
  CHECK(format_utc(TimePoint{1506848871s}) == "2017-10-01T09:07:51Z");
  CHECK(format_utc(TimePoint{1506848871s + 1500us}) == "2017-10-01T09:07:51.001500Z");
  CHECK(format_utc(TimePoint{}) == "1970-01-01T00:00:00Z");
  CHECK(format_utc(TimePoint{4294967295s}) == "2106-02-07T06:28:15Z");
}

TEST_CASE("what is written is read again") {
  const auto text = GENERATE(as<std::string>{}, "2017-10-01T09:07:51Z",
                             "2000-02-29T23:59:59.000001Z", "2106-02-07T06:28:15Z");
  const auto time = parse_utc(text);
  REQUIRE(time);
  CHECK(format_utc(*time) == text);
}

TEST_CASE("a time may be seconds since 1970, or have a blank for the T") {
  CHECK(parse_utc("1506848871") == TimePoint{1506848871s});
  CHECK(parse_utc("2017-10-01 09:07:51Z") == TimePoint{1506848871s});
  CHECK(parse_utc("2017-10-01T09:07:51.5Z") == TimePoint{1506848871s + 500ms});
}

TEST_CASE("what is no time is refused") {
  const auto text = GENERATE(as<std::string>{}, "", "Z", "2017-10-01", "2017-10-01T09:07:51",
                             "2017-02-29T00:00:00Z", "2017-10-01T24:00:00Z", "2017-10-01T09:07:60Z",
                             "2017-10-01T09:07:51.Z", "2017-10-01T09:07:51.1234567Z",
                             "2017-10-01T09:07:51Zx", "-1", "99999999999999999999");
  CAPTURE(text);
  CHECK_FALSE(parse_utc(text));
}

TEST_CASE("a length of time is written with its units") {
  CHECK(format_duration(4014s) == "1h06m54s");
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(-90s) == "-1m30s");
  CHECK(format_duration(250ms) == "0.25s");
  CHECK(format_duration(2h * 24) == "2d");
  CHECK(format_duration(Duration{std::numeric_limits<std::int64_t>::min()}).front() == '-');
}

TEST_CASE("a length of time needs a unit") {
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("7d") == 168h);
  CHECK(parse_duration("250ms") == 250ms);
  for (const auto* text :
       {"", "90", "s", "-5s", "5 s", "5w", "99999999999999999999s", "40000000d"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text));
  }
}
