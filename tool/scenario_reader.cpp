#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tool/scenario_plan.hpp"

namespace isthmus::tool {
namespace {

constexpr std::size_t kMostVantages = 1000;
constexpr std::size_t kMostPrefixes = 1000;
constexpr std::size_t kMostBackground = 100'000;
constexpr std::size_t kLongestPath = 32;
constexpr Duration kLongestScenario = std::chrono::hours{24 * 366};

/// A time at which there was MRT, so that no sum of times can overflow.
TimePoint read_time(TomlTable& table, std::string_view key, TimePoint absent) {
  const auto time = table.time(key);
  const TimePoint first = *parse_utc("1990-01-01T00:00:00Z");
  const TimePoint last = *parse_utc("2100-01-01T00:00:00Z");
  if (time && (*time < first || *time > last)) {
    table.complain(key, "must lie between 1990 and 2100");
    return absent;
  }
  return time.value_or(absent);
}

void read_frame(TomlTable& root, ScenarioPlan& plan) {
  plan.name = root.text("name").value_or("scenario");
  root.require("seed");
  plan.seed = static_cast<std::uint64_t>(
      root.integer("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
  root.require("base");
  plan.base = read_time(root, "base", *parse_utc("2000-01-01T00:00:00Z"));
  if (plan.base != std::chrono::floor<std::chrono::seconds>(plan.base)) {
    root.complain("base", "must be a whole second: a RIB dump knows no parts of it");
  }
  plan.end = read_time(root, "end", plan.base);
  if (plan.end < plan.base || plan.end - plan.base > kLongestScenario) {
    root.complain("end", "must lie within 366 days after \"base\"");
    plan.end = plan.base;
  }
}

void read_transits(TomlTable& root, ScenarioPlan& plan) {
  plan.transits = root.asns("transits");
  for (std::size_t i = 0; i < plan.transits.size(); ++i) {
    if (plan.transits[i] == plan.origin) {
      root.complain("transits", i, "the target's origin carries nobody");
    }
  }
}

void read_collectors(TomlTable& root, ScenarioPlan& plan) {
  std::set<std::string> names;
  for (TomlTable& table : root.tables("collector")) {
    collector::ArchiveOwner owner;
    table.require("name");
    owner.name = table.text("name").value_or("");
    if (!is_scenario_name(owner.name) || owner.name.front() == '.') {
      table.complain("name", "must be 1 to 64 letters, digits, '.', '_' or '-', no '.' first");
    } else if (!names.insert(owner.name).second) {
      table.complain("name", fmt::format("another route collector is called \"{}\"", owner.name));
    }
    table.require("asn");
    owner.asn = table.asn("asn").value_or(Asn{});
    owner.address = table.address("address").value_or(owner.address);
    owner.address_v6 = table.address("address_v6").value_or(owner.address_v6);
    if (!owner.address.is_v4()) {
      table.complain("address", "must be an IPv4 address; the other is \"address_v6\"");
    }
    if (owner.address_v6.is_v4()) {
      table.complain("address_v6", "must be an IPv6 address");
    }
    plan.collectors.push_back(std::move(owner));
  }
  if (plan.collectors.empty()) {
    root.complain("there is no [[collector]]: nobody would write the archive");
  }
}

void read_upstreams(TomlTable& root, ScenarioPlan& plan) {
  std::set<std::string> names;
  for (TomlTable& table : root.tables("upstream")) {
    PlannedUpstream upstream;
    table.require("name");
    upstream.name = table.text("name").value_or("");
    if (!is_scenario_name(upstream.name)) {
      table.complain("name", "must be 1 to 64 letters, digits, '.', '_' or '-'");
    } else if (!names.insert(upstream.name).second) {
      table.complain("name", fmt::format("another upstream is called \"{}\"", upstream.name));
    }
    table.require("asn");
    upstream.asn = table.asn("asn").value_or(Asn{});
    plan.upstreams.push_back(std::move(upstream));
  }
  if (plan.upstreams.empty()) {
    root.complain("there is no [[upstream]]: nobody would carry the target");
  }
}

void read_target(TomlTable& root, ScenarioPlan& plan) {
  root.require("target");
  auto table = root.table("target");
  if (!table) {
    return;
  }
  table->require("origin");
  plan.origin = table->asn("origin").value_or(Asn{});
  table->require("prefixes");
  plan.prefixes = table->prefixes("prefixes");
  std::set<Prefix> seen;
  for (std::size_t i = 0; i < plan.prefixes.size(); ++i) {
    if (!seen.insert(plan.prefixes[i]).second) {
      table->complain("prefixes", i, plan.prefixes[i].to_string() + " stands here twice");
    }
  }
  if (plan.prefixes.size() > kMostPrefixes) {
    table->complain("prefixes", fmt::format("more than {} are too many", kMostPrefixes));
    plan.prefixes.clear();
  }
  table->require("upstream");
  const auto name = table->text("upstream");
  const auto found =
      std::find_if(plan.upstreams.begin(), plan.upstreams.end(),
                   [&name](const PlannedUpstream& each) { return each.name == name; });
  if (name && found == plan.upstreams.end()) {
    table->complain("upstream", "there is no [[upstream]] of this name");
  } else if (name) {
    plan.upstream = static_cast<std::size_t>(found - plan.upstreams.begin());
  }
}

/// One path of a vantage point: "1103 1299 4837".
std::vector<Asn> read_path(TomlTable& table, const PlannedUpstream& upstream, Asn vantage,
                           Asn origin) {
  const auto text = table.text(upstream.name);
  if (!text) {
    return {};
  }
  const auto path = AsPath::parse(*text);
  if (!path || path->segments().size() != 1 ||
      path->segments().front().type != SegmentType::Sequence) {
    table.complain(upstream.name, "must be AS numbers with blanks between them");
    return {};
  }
  std::vector<Asn> asns{path->asns().begin(), path->asns().end()};
  if (asns.size() > kLongestPath) {
    table.complain(upstream.name, fmt::format("is longer than {} ASes", kLongestPath));
  } else if (asns.front() != vantage) {
    table.complain(upstream.name, fmt::format("must begin with {}, the vantage point's own AS",
                                              vantage.to_string()));
  } else if (asns.back() != upstream.asn) {
    table.complain(upstream.name,
                   fmt::format("must end with {}, the upstream", upstream.asn.to_string()));
  } else if (std::find(asns.begin(), asns.end(), origin) != asns.end()) {
    table.complain(upstream.name, "must not contain the target's origin: that is added");
  } else {
    return asns;
  }
  return {};
}

void read_point(TomlTable& table, const ScenarioPlan& plan, PlannedVantage& planned) {
  VantagePoint& point = planned.vantage.point;
  table.require("asn");
  point.asn = table.asn("asn").value_or(Asn{});
  table.require("address");
  point.address = table.address("address").value_or(IpAddress{});
  table.require("collector");
  const auto name = table.text("collector");
  const auto found =
      std::find_if(plan.collectors.begin(), plan.collectors.end(),
                   [&name](const collector::ArchiveOwner& each) { return each.name == name; });
  if (name && found == plan.collectors.end()) {
    table.complain("collector", "there is no [[collector]] of this name");
  } else if (name) {
    planned.vantage.collector = static_cast<std::size_t>(found - plan.collectors.begin());
    point.source = *name;
  }
}

PlannedVantage read_vantage(TomlTable& table, const ScenarioPlan& plan) {
  PlannedVantage planned;
  read_point(table, plan, planned);
  planned.name = table.text("name").value_or(planned.vantage.point.asn.to_string());
  if (!is_scenario_name(planned.name)) {
    table.complain("name", "must be 1 to 64 letters, digits, '.', '_' or '-'");
  }
  planned.groups = table.texts("groups");
  planned.paths.resize(plan.upstreams.size());
  table.require("paths");
  auto paths = table.table("paths");
  if (!paths) {
    return planned;
  }
  for (std::size_t i = 0; i < plan.upstreams.size(); ++i) {
    planned.paths[i] = read_path(*paths, plan.upstreams[i], planned.vantage.point.asn, plan.origin);
  }
  return planned;
}

void read_vantages(TomlTable& root, ScenarioPlan& plan) {
  std::set<std::string> names;
  std::set<std::pair<std::string, IpAddress>> addresses;
  for (TomlTable& table : root.tables("vantage")) {
    if (plan.vantages.size() == kMostVantages) {
      root.complain("vantage", fmt::format("more than {} are too many", kMostVantages));
      break;
    }
    PlannedVantage planned = read_vantage(table, plan);
    if (!names.insert(planned.name).second) {
      table.complain(
          fmt::format(R"(another vantage point is called "{}": give one a "name")", planned.name));
    }
    const VantagePoint& point = planned.vantage.point;
    if (!point.source.empty() && !addresses.insert({point.source, point.address}).second) {
      table.complain("address", "another peer of the same route collector has it");
    }
    plan.vantages.push_back(std::move(planned));
  }
  if (plan.vantages.empty()) {
    root.complain("there is no [[vantage]]: nobody would see the target");
  }
}

void read_exploration(TomlTable& root, ScenarioPlan& plan) {
  plan.exploring = 0;
  plan.shortest_exploration = std::chrono::seconds{5};
  if (auto table = root.table("exploration")) {
    plan.exploring =
        static_cast<std::uint64_t>(table->number("share", 0, 1).value_or(1) * 4294967296.0);
    plan.shortest_exploration = table->duration("shortest").value_or(plan.shortest_exploration);
    if (plan.shortest_exploration > std::chrono::hours{1}) {
      table->complain("shortest", "is longer than an hour");
    }
  }
  if (plan.exploring > 0 && plan.transits.empty()) {
    root.complain("exploration", "needs \"transits\", through which transient paths lead");
  }
}

void read_background(TomlTable& root, ScenarioPlan& plan) {
  auto table = root.table("background");
  if (!table) {
    return;
  }
  const auto count = [&table](std::string_view key) {
    return static_cast<std::size_t>(table->integer(key, 0, kMostBackground).value_or(0));
  };
  plan.background.prefixes = count("prefixes");
  plan.background.prefixes_v6 = count("prefixes_v6");
  const double rate = table->number("changes_per_hour", 0, 1e6).value_or(0);
  const double changes = rate * to_seconds(plan.end - plan.base) / 3600;
  if (rate > 0 && plan.end == plan.base) {
    table->complain("changes_per_hour", "needs an \"end\" of the scenario");
  } else if (changes > static_cast<double>(kMostElements)) {
    table->complain("changes_per_hour", "makes too many changes until the end");
  } else {
    plan.background.changes = static_cast<std::size_t>(changes);
  }
  if (plan.background.prefixes + plan.background.prefixes_v6 > 0 && plan.transits.empty()) {
    table->complain("needs \"transits\", through which its paths lead");
  }
}

}  // namespace

bool is_scenario_name(std::string_view text) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of(kAllowed) == std::string_view::npos;
}

ScenarioPlan read_plan(TomlDocument& document) {
  TomlTable root = document.root();
  ScenarioPlan plan;
  read_frame(root, plan);
  read_collectors(root, plan);
  read_upstreams(root, plan);
  read_target(root, plan);
  read_transits(root, plan);
  read_vantages(root, plan);
  read_exploration(root, plan);
  read_background(root, plan);
  read_changes(root, plan);
  return plan;
}

}  // namespace isthmus::tool
