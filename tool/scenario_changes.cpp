#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/runtime/text_distance.hpp"
#include "tool/scenario_plan.hpp"

namespace isthmus::tool {
namespace {

constexpr std::size_t kMostChanges = 10'000;
constexpr Duration kLongestSpread = std::chrono::hours{1};
constexpr Duration kLongestLasting = std::chrono::hours{24 * 30};
constexpr Duration kLongestScenario = std::chrono::hours{24 * 366};

/// Whether a word of a change's list means this vantage point.
bool means(const std::string& word, const PlannedVantage& vantage) {
  return word == "all" || word == vantage.name || word == vantage.vantage.point.source ||
         std::find(vantage.groups.begin(), vantage.groups.end(), word) != vantage.groups.end();
}

std::vector<std::string> words(const ScenarioPlan& plan) {
  std::vector<std::string> all{"all"};
  for (const PlannedVantage& each : plan.vantages) {
    all.push_back(each.name);
    all.push_back(each.vantage.point.source);
    all.insert(all.end(), each.groups.begin(), each.groups.end());
  }
  return all;
}

/// What the writer of an unknown name may have meant.
std::string suggestion(std::string_view text, const std::vector<std::string>& known) {
  const auto nearest = nearest_text(text, known);
  return nearest ? fmt::format(R"(; did you mean "{}"?)", *nearest) : std::string{};
}

/// Vantage points that a list means, marked by position.
std::vector<bool> chosen(TomlTable& table, std::string_view key, const ScenarioPlan& plan) {
  std::vector<bool> marks(plan.vantages.size(), false);
  const std::vector<std::string> listed = table.texts(key);
  if (listed.empty() && key == "vantages" && table.has(key)) {
    table.complain(key, "names nobody");
  }
  for (std::size_t i = 0; i < listed.size(); ++i) {
    bool found = false;
    for (std::size_t k = 0; k < plan.vantages.size(); ++k) {
      if (means(listed[i], plan.vantages[k])) {
        marks[k] = true;
        found = true;
      }
    }
    if (!found) {
      table.complain(key, i,
                     "there is no vantage point, group or route collector of this name" +
                         suggestion(listed[i], words(plan)));
    }
  }
  return marks;
}

std::vector<std::size_t> read_set(TomlTable& table, const ScenarioPlan& plan) {
  table.require("vantages");
  const std::vector<bool> included = chosen(table, "vantages", plan);
  const std::vector<bool> excluded = chosen(table, "except", plan);
  std::vector<std::size_t> set;
  for (std::size_t i = 0; i < included.size(); ++i) {
    if (included[i] && !excluded[i]) {
      set.push_back(i);
    }
  }
  // Names that mean nobody have been told already.
  const bool somebody = std::find(included.begin(), included.end(), true) != included.end();
  if (set.empty() && somebody) {
    table.complain("vantages", "no vantage point is left");
  }
  return set;
}

std::vector<std::size_t> read_prefixes(TomlTable& table, const ScenarioPlan& plan) {
  std::vector<std::size_t> positions;
  if (!table.has("prefixes")) {
    for (std::size_t i = 0; i < plan.prefixes.size(); ++i) {
      positions.push_back(i);
    }
    return positions;
  }
  const std::vector<Prefix> listed = table.prefixes("prefixes");
  for (std::size_t i = 0; i < listed.size(); ++i) {
    const auto found = std::find(plan.prefixes.begin(), plan.prefixes.end(), listed[i]);
    const auto position = static_cast<std::size_t>(found - plan.prefixes.begin());
    if (found == plan.prefixes.end()) {
      table.complain("prefixes", i, listed[i].to_string() + " is no prefix of the target");
    } else if (std::find(positions.begin(), positions.end(), position) == positions.end()) {
      positions.push_back(position);
    }
  }
  return positions;
}

void read_upstream(TomlTable& table, const ScenarioPlan& plan, PlannedChange& change) {
  const auto name = table.text("upstream");
  if (!name) {
    return;
  }
  std::vector<std::string> names;
  names.reserve(plan.upstreams.size());
  for (const PlannedUpstream& each : plan.upstreams) {
    names.push_back(each.name);
  }
  const auto found = std::find(names.begin(), names.end(), *name);
  if (found == names.end()) {
    table.complain("upstream", "there is no [[upstream]] of this name" + suggestion(*name, names));
  } else {
    change.upstream = static_cast<std::size_t>(found - names.begin());
  }
}

void read_session(TomlTable& table, PlannedChange& change) {
  const auto session = table.text("session");
  if (!session) {
    return;
  }
  change.kind = *session == "up" ? ChangeKind::SessionUp : ChangeKind::SessionDown;
  if (*session != "up" && *session != "down") {
    table.complain("session", R"(must be "up" or "down")");
  }
  if (table.has("prefixes")) {
    table.complain("prefixes", "a session takes all prefixes with it");
  }
}

/// What happens: exactly one of three keys says it.
void read_kind(TomlTable& table, const ScenarioPlan& plan, PlannedChange& change) {
  const int said = (table.has("upstream") ? 1 : 0) + (table.has("withdraw") ? 1 : 0) +
                   (table.has("session") ? 1 : 0);
  if (said != 1) {
    table.complain(R"(needs exactly one of "upstream", "withdraw" and "session")");
  }
  read_upstream(table, plan, change);
  if (const auto withdraw = table.boolean("withdraw")) {
    change.kind = ChangeKind::Withdraw;
    if (!*withdraw) {
      table.complain("withdraw", "can only be true");
    }
  }
  read_session(table, change);
}

void check_paths(TomlTable& table, const ScenarioPlan& plan, const PlannedChange& change) {
  if (change.kind != ChangeKind::Upstream || plan.upstreams.empty()) {
    return;
  }
  for (const std::size_t each : change.vantages) {
    if (plan.vantages[each].paths[change.upstream].empty()) {
      table.complain("vantages",
                     fmt::format("{} has no path towards \"{}\"", plan.vantages[each].name,
                                 plan.upstreams[change.upstream].name));
    }
  }
}

Duration read_length(TomlTable& table, std::string_view key, Duration absent, Duration longest) {
  const Duration length = table.duration(key).value_or(absent);
  if (length > longest) {
    table.complain(key, fmt::format("is longer than {}", format_duration(longest)));
    return absent;
  }
  return length;
}

void read_exploring(TomlTable& table, const ScenarioPlan& plan, PlannedChange& change) {
  const bool session =
      change.kind == ChangeKind::SessionUp || change.kind == ChangeKind::SessionDown;
  const auto explore = table.text("explore");
  if (session || change.until_back) {
    if (explore && *explore != "none") {
      table.complain("explore", "is not for sessions, nor for changes that end by themselves");
    }
  } else if (!explore) {
    change.exploration = change.kind == ChangeKind::Withdraw ? Exploration::Old : Exploration::New;
  } else if (*explore == "old") {
    change.exploration = Exploration::Old;
  } else if (*explore == "new" && change.kind == ChangeKind::Upstream) {
    change.exploration = Exploration::New;
  } else if (*explore != "none") {
    table.complain("explore", R"(must be "new" (not where routes are withdrawn), "old" or "none")");
  }
  change.settle = read_length(table, "settle", std::chrono::seconds{180}, std::chrono::hours{1});
  if (plan.exploring == 0) {
    change.exploration = Exploration::None;
  }
}

PlannedChange read_change(TomlTable& table, const ScenarioPlan& plan) {
  PlannedChange change;
  table.require("at");
  change.at = table.time("at").value_or(plan.base);
  if (change.at < plan.base || change.at - plan.base > kLongestScenario) {
    table.complain("at", "must lie within 366 days after \"base\"");
    change.at = plan.base;
  }
  table.text("note");
  read_kind(table, plan, change);
  change.vantages = read_set(table, plan);
  change.prefixes = read_prefixes(table, plan);
  change.prepend = static_cast<std::uint32_t>(table.integer("prepend", 0, 20).value_or(0));
  change.spread = read_length(table, "spread", Duration{0}, kLongestSpread);
  if (table.has("for")) {
    change.until_back = read_length(table, "for", Duration{0}, kLongestLasting);
  }
  read_exploring(table, plan, change);
  check_paths(table, plan, change);
  return change;
}

}  // namespace

void read_changes(TomlTable& root, ScenarioPlan& plan) {
  for (TomlTable& table : root.tables("change")) {
    if (plan.changes.size() == kMostChanges) {
      root.complain("change", fmt::format("more than {} are too many", kMostChanges));
      break;
    }
    plan.changes.push_back(read_change(table, plan));
  }
  // Of two changes of a route the one that begins later has the last word.
  std::stable_sort(
      plan.changes.begin(), plan.changes.end(),
      [](const PlannedChange& left, const PlannedChange& right) { return left.at < right.at; });
}

}  // namespace isthmus::tool
