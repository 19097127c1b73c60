#include "collector/record/event_json.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "tests/collector/record/samples.hpp"

using namespace isthmus;             // NOLINT(google-build-using-namespace)
using namespace isthmus::collector;  // NOLINT(google-build-using-namespace)

namespace {

template <typename T>
std::string json_of(const T& value) {
  std::string text;
  append_json(text, value);
  return text;
}

}  // namespace

TEST_CASE("an event, an observation and an interval come back from JSON as they were") {
  CHECK(parse_event(json_of(sample_event())) == sample_event());
  CHECK(parse_event(json_of(Event{})) == Event{});
  CHECK(parse_observation(json_of(sample_observation())) == sample_observation());
  CHECK(parse_observation(json_of(plain_observation())) == plain_observation());
  CHECK(parse_route_interval(json_of(sample_interval())) == sample_interval());
}

TEST_CASE("an interval's JSON has the words of the export vocabulary") {
  CHECK(
      json_of(sample_interval()) ==
      R"({"target":"kp","prefix":"175.45.176.0/24","vantage":{"plane":"control",)"
      R"("source":"rrc00","address":"2001:db8::1","asn":64496},"verdict":"upstream",)"
      R"("upstream":4837,"path":"64496 4837 131279","from":"2017-10-01T00:00:00Z","until":null})");
}

TEST_CASE("every double comes back from JSON bit for bit") {
  std::mt19937_64 random{20171001};
  Event event;
  event.terms = {{"zero", "", 0.0}, {"negative zero", "", -0.0}, {"whole", "", 1e15}};
  for (int each = 0; each < 2'000; ++each) {
    const auto value = std::bit_cast<double>(random());
    if (std::isfinite(value)) {
      event.terms.push_back({"any", "", value});
    }
  }
  std::uniform_real_distribution<double> ratio{0, 1};
  for (int each = 0; each < 2'000; ++each) {
    event.terms.push_back({"ratio", "", ratio(random)});
  }
  const auto back = parse_event(json_of(event));
  REQUIRE(back);
  REQUIRE(back->terms.size() == event.terms.size());
  for (std::size_t each = 0; each < event.terms.size(); ++each) {
    REQUIRE(std::bit_cast<std::uint64_t>(back->terms[each].nats) ==
            std::bit_cast<std::uint64_t>(event.terms[each].nats));
  }
}

TEST_CASE("what is no number in JSON is null, and reads as not a number") {
  Event event;
  event.score = std::numeric_limits<double>::infinity();
  const std::string text = json_of(event);
  CHECK(text.find(R"("total":null)") != std::string::npos);
  const auto back = parse_event(text);
  REQUIRE(back);
  CHECK(std::isnan(back->score));
}

TEST_CASE("text that is not UTF-8 is mended, so that the line stays JSON") {
  RouteInterval interval = sample_interval();
  interval.path = "a\xFF\xC0\x80 b\xED\xA0\x80 c\xE2\x82 \xF4\x90\x80\x80 \xF0\x9F\x98\x80";
  const auto back = parse_route_interval(json_of(interval));
  REQUIRE(back);
  const std::string mark = "\xEF\xBF\xBD";
  CHECK(back->path == "a" + mark + mark + mark + " b" + mark + mark + mark + " c" + mark + mark +
                          " " + mark + mark + mark + mark + " \xF0\x9F\x98\x80");
}

TEST_CASE("a line feed, a NUL or a quote in a text never breaks a line of NDJSON") {
  RouteInterval interval = sample_interval();
  interval.path = std::string{"\n\r\t\"\\/\0\x1f\x7f", 9};
  const std::string text = json_of(interval);
  CHECK(text.find_first_of(std::string_view{"\n\r\0", 3}) == std::string::npos);
  CHECK(parse_route_interval(text) == interval);
}

TEST_CASE("an error names the member that is wrong") {
  const std::string good = json_of(sample_event());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const auto position = text.find(from);
    REQUIRE(position != std::string::npos);
    text.replace(position, from.size(), to);
    const auto event = parse_event(text);
    REQUIRE_FALSE(event);
    return event.error().message;
  };
  CHECK(changed(R"("severity":"critical",)", "") == "severity is missing");
  CHECK(changed(R"("critical")", R"("fatal")") == "severity is not valid");
  CHECK(changed(R"("schema_version":1)", R"("schema_version":2)") ==
        "schema_version 2 is not known here (newest: 1)");
  CHECK(changed(R"("asn":4837)", R"("asn":4294967296)") == "previous_upstreams.asn is not valid");
  CHECK(changed(R"("asn":4837)", R"("asn":-1)") == "previous_upstreams.asn is not valid");
  CHECK(changed(R"("asn":4837)", R"("asn":1.5)") == "previous_upstreams.asn is not valid");
  CHECK(changed(R"("175.45.176.0/24")", R"("175.45.176.1/24")") == "prefixes.prefix is not valid");
  CHECK(changed(R"("fedcba9876543210")", R"("fedcba987654321")") ==
        "witnesses.evidence_id is not valid");
  CHECK(changed(R"("plane":"data")", R"("plane":"astral")") ==
        "witnesses.vantage.plane is not valid");
  CHECK(changed(R"("share_upper":0.9999999999999999)", R"("share_upper":1e999)").find("JSON") !=
        std::string::npos);
}

TEST_CASE("members that are unknown are passed over") {
  std::string text = json_of(sample_event());
  text.insert(1, R"("colour":{"of":["the","sky"]},)");
  CHECK(parse_event(text) == sample_event());
}

TEST_CASE("hostile JSON is an error, never an exception") {
  for (const std::string& text :
       {std::string{}, std::string{"null"}, std::string{"[]"}, std::string{"{"},
        std::string{"{} {}"}, std::string{R"({"id":"\ud800"})"}, std::string{"{\"id\":\"\xff\"}"},
        std::string(100'000, '['), std::string{"{\"a\":"} + std::string(5'000, '9') + "}"}) {
    CAPTURE(text.substr(0, 40));
    CHECK_FALSE(parse_event(text));
    CHECK_FALSE(parse_observation(text));
    CHECK_FALSE(parse_route_interval(text));
  }
}

TEST_CASE("every shortened or altered event is read or refused, and what is read is whole") {
  const std::string good = json_of(sample_event());
  for (std::size_t length = 0; length < good.size(); ++length) {
    REQUIRE_FALSE(parse_event(std::string_view{good}.substr(0, length)));
  }
  std::mt19937 random{7};
  unsigned refused = 0;
  for (int round = 0; round < 3'000; ++round) {
    std::string text = good;
    text[random() % text.size()] = static_cast<char>(random());
    const auto event = parse_event(text);
    refused += event ? 0U : 1U;
    if (event) {
      REQUIRE(parse_event(json_of(*event)) == event);
    }
  }
  CHECK(refused > 500);
}
