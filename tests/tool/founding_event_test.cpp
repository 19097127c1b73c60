#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/support/test_paths.hpp"
#include "tests/tool/archive_text.hpp"
#include "tool/scenario.hpp"

using namespace isthmus;
using namespace isthmus::tool;

namespace {

constexpr std::uint32_t kUnicom = 4837;
constexpr std::uint32_t kTtk = 20485;
constexpr std::uint32_t kIntelsat = 22351;

TimePoint at(std::string_view text) {
  return *parse_utc(text);
}

/// What one peer had of one prefix, as `bgpdump` tells it.
struct Change {
  TimePoint time;
  std::string peer;
  std::string prefix;
  std::uint32_t upstream;  ///< 0: no route
};

/// The archives of the scenario, written, and read by somebody else's reader.
class History {
 public:
  History() {
    const auto scenario =
        load_scenario(std::string{test::source_dir()} + "/tests/scenario/star-jv-2017.toml");
    INFO((scenario ? std::string{} : scenario.error().message));
    REQUIRE(scenario);
    const TestFolder folder;
    REQUIRE(write_archives(*scenario, folder.path.string()));
    for (const std::string& name : archive_names(*scenario)) {
      for (const auto& line : bgpdump_lines(folder.path / name)) {
        read(line);
      }
    }
    std::stable_sort(changes.begin(), changes.end(), [](const Change& left, const Change& right) {
      return left.time < right.time;
    });
  }

  /// Upstreams by prefix and peer at a time.
  [[nodiscard]] std::map<std::string, std::map<std::string, std::uint32_t>> table(
      TimePoint time) const {
    std::map<std::string, std::map<std::string, std::uint32_t>> table;
    for (const Change& each : changes) {
      if (each.time > time) {
        break;
      }
      table[each.prefix][each.peer] = each.upstream;
    }
    return table;
  }
  /// Mean over the prefixes of the part of their peers that go by an upstream.
  [[nodiscard]] double share(std::string_view time, std::uint32_t upstream) const {
    double sum = 0;
    for (const auto& [prefix, peers] : table(at(time))) {
      sum += share_of(peers, upstream);
    }
    return sum / 4;
  }
  [[nodiscard]] double share(std::string_view time, std::uint32_t upstream,
                             const std::string& prefix) const {
    return share_of(table(at(time)).at(prefix), upstream);
  }
  [[nodiscard]] static double share_of(const std::map<std::string, std::uint32_t>& peers,
                                       std::uint32_t upstream) {
    double with_route = 0;
    double by_it = 0;
    for (const auto& [peer, value] : peers) {
      with_route += value == 0 ? 0 : 1;
      by_it += value == upstream ? 1 : 0;
    }
    return with_route == 0 ? 0 : by_it / with_route;
  }
  [[nodiscard]] std::size_t routes(std::string_view time) const {
    std::size_t count = 0;
    for (const auto& [prefix, peers] : table(at(time))) {
      for (const auto& [peer, upstream] : peers) {
        count += upstream == 0 ? 0U : 1U;
      }
    }
    return count;
  }

  std::vector<Change> changes;
  std::set<std::string> speakers;
  std::size_t other_lines = 0;

 private:
  void read(const std::vector<std::string>& line) {
    if (line[2] == "STATE") {
      for (const char last : {'6', '7', '8', '9'}) {
        if (line[6] == "1") {
          changes.push_back(
              {*time_of(line[1]), line[3], std::string{"175.45.17"} + last + ".0/24", 0});
        }
      }
      return;
    }
    if (!line[5].starts_with("175.45.17")) {
      ++other_lines;
      return;
    }
    std::uint32_t upstream = 0;
    if (line[2] != "W") {
      const auto path = AsPath::parse(line[6]);
      REQUIRE(path);
      REQUIRE(path->origin() == Asn{131279});
      REQUIRE(path->asns().front().to_string() == "AS" + line[4]);
      const auto asns = path->asns();
      const auto last =
          std::find_if(asns.rbegin(), asns.rend(), [](Asn asn) { return asn != Asn{131279}; });
      REQUIRE(last != asns.rend());
      upstream = last->value;
      speakers.insert(line[4]);
    }
    changes.push_back({*time_of(line[1]), line[3], line[5], upstream});
  }
  static std::optional<TimePoint> time_of(const std::string& text) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    auto time = parse_utc(text.substr(0, dot));
    if (time && dot < text.size()) {
      *time += Duration{std::stol(text.substr(dot + 1))};
    }
    return time;
  }
};

}  // namespace

TEST_CASE("before the founding event 24 networks reach the target by AS4837 alone") {
  const History history;
  CHECK(history.speakers.size() == 24);
  CHECK(history.routes("2017-10-01T00:00:00Z") == 96);
  CHECK(history.share("2017-10-01T09:07:50.999999Z", kUnicom) == 1.0);
  CHECK(history.other_lines > 10'000);
}

TEST_CASE("AS20485 appears for three of four prefixes at the published second") {
  const History history;
  const auto first = std::find_if(history.changes.begin(), history.changes.end(),
                                  [](const Change& each) { return each.upstream == kTtk; });
  REQUIRE(first != history.changes.end());
  CHECK(format_utc(first->time) == "2017-10-01T09:07:51Z");
  CHECK(history.share("2017-10-01T09:08:06Z", kTtk) > 0.2);  // most of them follow at once
  for (const auto time : {"2017-10-01T09:11:00Z", "2017-10-01T09:30:00Z", "2017-10-01T10:14:44Z"}) {
    CHECK(history.share(time, kTtk) == Approx(0.75).margin(0.03));
    CHECK(history.share(time, kTtk, "175.45.177.0/24") == 0.0);
    CHECK(history.routes(time) == 96);
  }
}

TEST_CASE("AS20485 leaves after 67 minutes and nothing of it stays") {
  const History history;
  const auto left =
      std::find_if(history.changes.begin(), history.changes.end(), [](const Change& each) {
        return each.time > at("2017-10-01T09:30:00Z") && each.upstream == kUnicom;
      });
  REQUIRE(left != history.changes.end());
  CHECK(left->time >= at("2017-10-01T10:14:45Z"));
  CHECK(history.share("2017-10-01T10:20:00Z", kTtk) == 0.0);
  CHECK(history.share("2017-10-01T10:20:00Z", kUnicom) == 1.0);
}

TEST_CASE("four times between 10:47 and 12:26 nobody has any of the four") {
  const History history;
  std::vector<std::pair<TimePoint, TimePoint>> dark;
  std::map<std::pair<std::string, std::string>, std::uint32_t> table;
  std::size_t routes = 0;
  for (const Change& each : history.changes) {
    auto& upstream = table[{each.peer, each.prefix}];
    const std::size_t before = routes;
    routes += each.upstream != 0 ? 1U : 0U;
    routes -= upstream != 0 ? 1U : 0U;
    upstream = each.upstream;
    if (before > 0 && routes == 0) {
      dark.emplace_back(each.time, each.time);
    } else if (before == 0 && !dark.empty()) {
      dark.back().second = each.time;
    }
  }
  REQUIRE(dark.size() == 4);
  for (const auto& [from, until] : dark) {
    CHECK(from > at("2017-10-01T10:47:00Z"));
    CHECK(until < at("2017-10-01T12:21:55Z"));
    CHECK(until - from >= std::chrono::minutes{3});
    CHECK(until - from <= std::chrono::minutes{10});
  }
  for (const auto time : {"2017-10-01T10:56:00Z", "2017-10-01T11:20:30Z", "2017-10-01T11:53:00Z",
                          "2017-10-01T12:19:30Z"}) {
    CHECK(history.routes(time) == 96);
    CHECK(history.share(time, kUnicom) == 1.0);
  }
}

TEST_CASE("AS20485 returns and loses two of its three the next day") {
  const History history;
  const auto back =
      std::find_if(history.changes.begin(), history.changes.end(), [](const Change& each) {
        return each.time > at("2017-10-01T10:30:00Z") && each.upstream == kTtk;
      });
  REQUIRE(back != history.changes.end());
  CHECK(format_utc(back->time) == "2017-10-01T12:21:55Z");
  CHECK(history.share("2017-10-01T12:26:00Z", kTtk) == Approx(0.75).margin(0.03));
  CHECK(history.share("2017-10-02T07:56:38Z", kTtk) == 0.75);
  CHECK(history.share("2017-10-02T08:00:00Z", kTtk) == 0.5);
  CHECK(history.share("2017-10-02T08:00:00Z", kTtk, "175.45.176.0/24") == 0.0);
  CHECK(history.share("2017-10-02T09:10:28Z", kTtk) == 0.5);
  CHECK(history.share("2017-10-02T09:20:00Z", kTtk) == 0.25);
  CHECK(history.share("2017-10-02T09:20:00Z", kTtk, "175.45.178.0/24") == 1.0);
  CHECK(history.routes("2017-10-02T09:20:00Z") == 96);
}

TEST_CASE("a wrong upstream shows at two networks at most, for three minutes at most") {
  const History history;
  const auto wrong = [](const Change& each) {
    return each.upstream == kIntelsat ||
           (each.upstream == kTtk && each.prefix == "175.45.177.0/24") ||
           (each.upstream == kTtk && each.time > at("2017-10-01T10:18:20Z") &&
            each.time < at("2017-10-01T12:21:55Z"));
  };
  std::map<std::pair<std::string, std::uint32_t>, std::set<std::string>> peers;
  for (auto each = history.changes.begin(); each != history.changes.end(); ++each) {
    if (!wrong(*each)) {
      continue;
    }
    peers[{each->prefix, each->upstream}].insert(each->peer);
    const auto end = std::find_if(each + 1, history.changes.end(), [&each](const Change& other) {
      return other.peer == each->peer && other.prefix == each->prefix;
    });
    REQUIRE(end != history.changes.end());
    CHECK(end->time - each->time <= std::chrono::seconds{180});
    CHECK_FALSE(wrong(*end));
  }
  CHECK(peers.size() == 3);
  for (const auto& [what, who] : peers) {
    CHECK(who.size() <= 2);
  }
}
