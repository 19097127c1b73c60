#include "tool/scenario.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

using namespace isthmus;
using namespace isthmus::tool;

namespace {

/// Two route collectors with five vantage points; what a test is about follows it.
const std::string kStage = R"(
seed = 7
base = 2020-01-01T00:00:00Z
end = 2020-01-01T12:00:00Z
transits = ["AS174", "AS3356", "AS6453", "AS701"]
[target]
origin = "AS131279"
prefixes = ["175.45.176.0/24", "175.45.177.0/24"]
upstream = "a"
[[collector]]
name = "rrc00"
asn = "AS12654"
[[collector]]
name = "rrc13"
asn = "AS12654"
[[upstream]]
name = "a"
asn = "AS4837"
[[upstream]]
name = "b"
asn = "AS20485"
)" + [] {
  std::string text;
  for (int i = 1; i <= 5; ++i) {
    const std::string n = std::to_string(i);
    text += "[[vantage]]\nasn = \"AS" + n + "\"\ncollector = \"" + (i < 4 ? "rrc00" : "rrc13") +
            "\"\naddress = \"192.0.2." + n + "\"\ngroups = [\"" + (i % 2 == 0 ? "even" : "odd") +
            "\"]\npaths.a = \"" + n + " 1299 4837\"\npaths.b = \"" + n + " 20485\"\n";
  }
  return text;
}();

Scenario scenario(const std::string& text) {
  auto parsed = parse_scenario(kStage + text, "s.toml");
  INFO((parsed ? std::string{} : parsed.error().message));
  REQUIRE(parsed);
  return std::move(*parsed);
}

std::string change(std::string_view lines) {
  return "[[change]]\nat = 2020-01-01T01:00:00Z\n" + std::string{lines};
}

std::set<std::size_t> speakers(const Scenario& scenario) {
  std::set<std::size_t> all;
  for (const ScenarioEvent& each : scenario.events) {
    all.insert(each.vantage);
  }
  return all;
}

const TimePoint kAt = *parse_utc("2020-01-01T01:00:00Z");

}  // namespace

TEST_CASE("the table has every vantage point's way by the first upstream") {
  const Scenario made = scenario("");
  CHECK(made.table.size() == 10);
  CHECK(made.events.empty());
  for (const ScenarioEvent& each : made.table) {
    CHECK(each.kind == RouteKind::Table);
    CHECK(each.time < made.base);
    CHECK(each.path.to_string().ends_with("1299 4837 131279"));
  }
}

TEST_CASE("a change is followed by those who are named, by name, group or route collector") {
  CHECK(speakers(scenario(change("vantages = [\"all\"]\nupstream = \"b\""))).size() == 5);
  CHECK(speakers(scenario(change("vantages = [\"AS2\"]\nupstream = \"b\""))) ==
        std::set<std::size_t>{1});
  CHECK(speakers(scenario(change("vantages = [\"even\"]\nupstream = \"b\""))) ==
        std::set<std::size_t>{1, 3});
  CHECK(speakers(scenario(change("vantages = [\"rrc13\"]\nupstream = \"b\""))) ==
        std::set<std::size_t>{3, 4});
  CHECK(speakers(scenario(
            change("vantages = [\"all\"]\nexcept = [\"odd\", \"AS4\"]\nupstream = \"b\""))) ==
        std::set<std::size_t>{1});
}

TEST_CASE("a change concerns the prefixes that it names") {
  const Scenario made =
      scenario(change("vantages = [\"AS1\"]\nprefixes = [\"175.45.177.0/24\"]\nupstream = \"b\""));
  REQUIRE(made.events.size() == 1);
  CHECK(made.events[0].prefix.to_string() == "175.45.177.0/24");
  CHECK(made.events[0].time == kAt);
  CHECK(made.events[0].path.to_string() == "1 20485 131279");
}

TEST_CASE("the first follows at once and the last within the spread") {
  const Scenario made = scenario(change("vantages = [\"all\"]\nupstream = \"b\"\nspread = \"2m\""));
  REQUIRE(made.events.size() == 10);
  CHECK(made.events.front().time == kAt);
  CHECK(made.events.back().time <= kAt + std::chrono::minutes{2});
  CHECK(made.events.back().time > kAt);
}

TEST_CASE("path exploration goes by longer paths that grow shorter, and ends with the new one") {
  const Scenario made =
      scenario("[exploration]\nshortest = \"5s\"\n" +
               change("vantages = [\"all\"]\nprefixes = [\"175.45.176.0/24\"]\nupstream = \"b\"\n"
                      "settle = \"60s\""));
  std::map<std::size_t, std::vector<ScenarioEvent>> by_vantage;
  for (const ScenarioEvent& each : made.events) {
    by_vantage[each.vantage].push_back(each);
  }
  CHECK(by_vantage.size() == 5);
  for (const auto& [vantage, events] : by_vantage) {
    REQUIRE(events.size() >= 2);
    REQUIRE(events.size() <= 4);
    CHECK(events.back().path.asns().size() == 3);
    const Duration taken = events.back().time - events.front().time;
    CHECK(taken >= std::chrono::seconds{5});
    CHECK(taken <= std::chrono::seconds{60});
    for (std::size_t i = 0; i + 1 < events.size(); ++i) {
      CHECK(events[i].path.asns().size() == 3 + events.size() - 1 - i);
      CHECK(events[i].path.to_string().ends_with("20485 131279"));
    }
  }
}

TEST_CASE("before a withdrawal the paths of old grow longer") {
  const Scenario made =
      scenario("[exploration]\n" + change("vantages = [\"all\"]\nwithdraw = true"));
  std::map<std::pair<std::size_t, Prefix>, std::vector<ScenarioEvent>> routes;
  for (const ScenarioEvent& each : made.events) {
    routes[{each.vantage, each.prefix}].push_back(each);
  }
  CHECK(routes.size() == 10);
  for (const auto& [route, events] : routes) {
    REQUIRE(events.size() >= 2);
    CHECK(events.back().kind == RouteKind::Withdraw);
    for (std::size_t i = 0; i + 1 < events.size(); ++i) {
      CHECK(events[i].path.asns().size() == 4 + i + 1);
      CHECK(events[i].path.to_string().ends_with("1299 4837 131279"));
    }
  }
}

TEST_CASE("a change that overtakes an exploration has the last word") {
  const Scenario made =
      scenario("[exploration]\nshortest = \"100s\"\n" +
               change("vantages = [\"all\"]\nupstream = \"b\"\nsettle = \"120s\"\n") +
               "[[change]]\nat = 2020-01-01T01:01:00Z\nvantages = [\"all\"]\nwithdraw = true\n"
               "explore = \"none\"\n");
  const auto last = std::find_if(made.events.begin(), made.events.end(), [](const auto& each) {
    return each.time > kAt + std::chrono::seconds{60};
  });
  CHECK(last == made.events.end());
  CHECK(std::count_if(made.events.begin(), made.events.end(),
                      [](const auto& each) { return each.kind == RouteKind::Withdraw; }) == 10);
}

TEST_CASE("a change with an end gives back what was settled before") {
  const Scenario made = scenario(
      "[exploration]\nshortest = \"100s\"\n" +
      change("vantages = [\"AS1\"]\nprefixes = [\"175.45.176.0/24\"]\nupstream = \"b\"\n") +
      "[[change]]\nat = 2020-01-01T01:01:00Z\nvantages = [\"AS1\"]\n"
      "prefixes = [\"175.45.176.0/24\"]\nwithdraw = true\nfor = \"10s\"\n");
  REQUIRE(made.events.size() >= 3);
  CHECK(made.events[made.events.size() - 2].kind == RouteKind::Withdraw);
  CHECK(made.events.back().time == kAt + std::chrono::seconds{70});
  CHECK(made.events.back().path.to_string() == "1 20485 131279");
}

TEST_CASE("a session that is down says nothing, and everything when it is back") {
  const Scenario made =
      scenario(change("vantages = [\"AS1\"]\nsession = \"down\"\nfor = \"10m\"\n") +
               "[[change]]\nat = 2020-01-01T01:05:00Z\nvantages = [\"AS1\"]\nupstream = \"b\"\n"
               "prefixes = [\"175.45.176.0/24\"]\n");
  REQUIRE(made.events.size() == 4);
  CHECK(made.events[0].kind == RouteKind::PeerDown);
  CHECK(made.events[1].kind == RouteKind::PeerUp);
  CHECK(made.events[1].time == kAt + std::chrono::minutes{10});
  CHECK(made.events[2].path.to_string() == "1 20485 131279");
  CHECK(made.events[3].path.to_string() == "1 1299 4837 131279");
}

TEST_CASE("a background has its own prefixes and changes at the rate that is said") {
  const Scenario made =
      scenario("[background]\nprefixes = 50\nprefixes_v6 = 5\nchanges_per_hour = 100\n");
  CHECK(made.table.size() == 10 + 5 * 50);  // no vantage point has an IPv6 session
  CHECK(made.events.size() >= 1150);
  CHECK(made.events.size() <= 1600);
  CHECK(std::is_sorted(made.events.begin(), made.events.end(),
                       [](const auto& left, const auto& right) { return left.time < right.time; }));
  for (const ScenarioEvent& each : made.events) {
    CHECK(each.time > made.base);
    CHECK(each.time < *parse_utc("2020-01-01T12:02:00Z"));
    CHECK_FALSE(each.prefix.to_string().starts_with("175.45."));
    CHECK(each.path.origin() != Asn{131279});
  }
}

TEST_CASE("one more vantage point does not change what the others do") {
  const std::string text = change("vantages = [\"odd\"]\nupstream = \"b\"\nspread = \"60s\"\n");
  const Scenario few = scenario(text);
  const Scenario more =
      scenario(text +
               "[[vantage]]\nasn = \"AS6\"\ncollector = \"rrc13\"\naddress = \"192.0.2.6\"\n"
               "paths.a = \"6 4837\"\n");
  CHECK(few.events == more.events);
}

TEST_CASE("every mistake of a scenario is told in one look, by place") {
  const auto made = parse_scenario(R"(seed = -1
base = 2020-01-01T00:00:00.5Z
[target]
origin = "AS131279"
prefixes = ["10.0.0.0/8"]
upstream = "nobody"
[[collector]]
name = "../etc"
asn = "AS12654"
[[upstream]]
name = "a"
asn = "AS4837"
[[vantage]]
asn = "AS3333"
collector = "rrc99"
address = "192.0.2.1"
paths.a = "1 4837"
[[vantage]]
asn = "AS3334"
collector = "rrc99"
address = "192.0.2.1"
paths.b = "3334 4837"
[[change]]
at = 2019-01-01T00:00:00Z
vantages = ["AS333"]
upstream = "a"
withdraw = true
spraed = "1m"
)",
                                   "s.toml");
  REQUIRE_FALSE(made);
  CHECK(made.error().message ==
        "s.toml:1:8: seed: -1 is not between 0 and 9223372036854775807\n"
        "s.toml:2:8: base: must be a whole second: a RIB dump knows no parts of it\n"
        "s.toml:6:12: upstream: there is no [[upstream]] of this name\n"
        "s.toml:8:8: name: must be 1 to 64 letters, digits, '.', '_' or '-', no '.' first\n"
        "s.toml:15:13: collector: there is no [[collector]] of this name\n"
        "s.toml:17:11: a: must begin with AS3333, the vantage point's own AS\n"
        "s.toml:20:13: collector: there is no [[collector]] of this name\n"
        "s.toml:22:7: unknown key \"b\" in [vantage.paths]\n"
        "s.toml:23:1: [change] needs exactly one of \"upstream\", \"withdraw\" and \"session\"\n"
        "s.toml:24:6: at: must lie within 366 days after \"base\"\n"
        "s.toml:25:13: vantages: there is no vantage point, group or route collector of this name; "
        "did you mean \"AS3333\"?\n"
        "s.toml:28:1: unknown key \"spraed\" in [change]; did you mean \"spread\"?");
}

TEST_CASE("a path must be one from the vantage point to the upstream") {
  const auto error = [](std::string_view path) {
    std::string text = kStage;
    const std::string good = "\"1 1299 4837\"";
    text.replace(text.find(good), good.size(), '"' + std::string{path} + '"');
    const auto made = parse_scenario(text, "s.toml");
    return made ? std::string{} : made.error().message;
  };
  CHECK(error("1 1299 4837").empty());
  CHECK(error("1 1299").find("must end with AS4837, the upstream") != std::string::npos);
  CHECK(error("2 4837").find("must begin with AS1") != std::string::npos);
  CHECK(error("1 {2,3} 4837").find("must be AS numbers") != std::string::npos);
  CHECK(error("1 131279 4837").find("must not contain the target's origin") != std::string::npos);
  CHECK(error("").find("must be AS numbers") != std::string::npos);
}

TEST_CASE("a scenario that would fill the memory is refused") {
  std::string text = "[background]\nprefixes = 100000\nprefixes_v6 = 100000\n";
  for (int i = 0; i < 10; ++i) {
    text += change("vantages = [\"all\"]\nsession = \"up\"\n");
  }
  const auto made = parse_scenario(kStage + text, "s.toml");
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find("2000000 are permitted") != std::string::npos);
}

TEST_CASE("a scenario file that is not there, or a folder, is an error") {
  CHECK_FALSE(load_scenario("/nonexistent.toml"));
  CHECK_FALSE(load_scenario("/"));
}
