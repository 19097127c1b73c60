#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "core/base/hash.hpp"
#include "tool/scenario_background.hpp"
#include "tool/scenario_plan.hpp"
#include "tool/split_mix.hpp"

namespace isthmus::tool {
namespace {

constexpr std::uint64_t kForChanges = 0x6368616e6765;
constexpr std::uint64_t kForAges = 0x616765;
constexpr std::size_t kMostTransients = 3;
constexpr std::uint64_t kOldest =
    2'592'000;  // seconds that a route of the table may be old: 30 days

struct SessionStep {
  TimePoint time;
  bool up = false;
};

/// When one vantage point follows a change, and by how many transient paths over what time.
struct Following {
  Duration delay{};
  std::size_t transients = 0;
  Duration settling{};
  std::uint64_t choice = 0;  ///< seed for the transits of the transient paths
};

/// Reads a plan from front to back and writes down what each vantage point does.
class Expansion {
 public:
  explicit Expansion(const ScenarioPlan& plan)
      : plan_{plan},
        background_{plan, plan.prefixes.size()},
        prefixes_{plan.prefixes},
        sessions_(plan.vantages.size()),
        steps_(plan.vantages.size() * plan.prefixes.size()) {
    prefixes_.insert(prefixes_.end(), background_.prefixes().begin(), background_.prefixes().end());
  }

  Scenario run();

 private:
  using Path = std::vector<Asn>;

  [[nodiscard]] bool carries(std::size_t vantage, std::size_t prefix) const {
    return prefixes_[prefix].family() == plan_.vantages[vantage].vantage.point.address.family();
  }
  std::vector<ScenarioStep>& steps(std::size_t vantage, std::size_t prefix) {
    return steps_[vantage * plan_.prefixes.size() + prefix];
  }
  [[nodiscard]] Path upstream_path(std::size_t vantage, std::size_t upstream,
                                   std::uint32_t prepend) const;
  [[nodiscard]] Path base_path(std::size_t vantage, std::size_t prefix) const;
  [[nodiscard]] Path settled_path(std::size_t vantage, std::size_t prefix);
  [[nodiscard]] Path longer(const Path& path, std::size_t by, std::uint64_t choice) const;
  [[nodiscard]] std::vector<Following> followings(const PlannedChange& change,
                                                  std::size_t number) const;
  void apply(const PlannedChange& change, std::size_t number);
  void apply_session(const PlannedChange& change, std::size_t vantage, TimePoint time);
  void apply_route(const PlannedChange& change, std::size_t vantage, std::size_t prefix,
                   const Following& following);
  void fill_table(Scenario& scenario) const;
  void tell(std::size_t vantage, std::vector<ScenarioStep> steps, Scenario& scenario) const;

  const ScenarioPlan& plan_;
  ScenarioBackground background_;
  std::vector<Prefix> prefixes_;  ///< of the target, then of the background
  std::vector<std::vector<SessionStep>> sessions_;
  std::vector<std::vector<ScenarioStep>> steps_;  ///< by vantage point and target prefix
};

Expansion::Path Expansion::upstream_path(std::size_t vantage, std::size_t upstream,
                                         std::uint32_t prepend) const {
  Path path = plan_.vantages[vantage].paths[upstream];
  if (!path.empty()) {
    path.insert(path.end(), prepend + 1, plan_.origin);
  }
  return path;
}

Expansion::Path Expansion::base_path(std::size_t vantage, std::size_t prefix) const {
  if (!carries(vantage, prefix)) {
    return {};
  }
  return prefix < plan_.prefixes.size()
             ? upstream_path(vantage, plan_.upstream, 0)
             : background_.path(vantage, prefix - plan_.prefixes.size(), 0);
}

Expansion::Path Expansion::settled_path(std::size_t vantage, std::size_t prefix) {
  const auto& all = steps(vantage, prefix);
  const auto last = std::find_if(all.rbegin(), all.rend(),
                                 [](const ScenarioStep& each) { return !each.transient; });
  return last == all.rend() ? base_path(vantage, prefix) : last->path;
}

/// A detour behind the vantage point's own AS, so that the upstream stays what it is.
Expansion::Path Expansion::longer(const Path& path, std::size_t by, std::uint64_t choice) const {
  Path detour = path;
  SplitMix random{choice};
  const std::size_t first = random.below(plan_.transits.size());
  for (std::size_t i = 0; i < plan_.transits.size() && by > 0; ++i) {
    const Asn transit = plan_.transits[(first + i) % plan_.transits.size()];
    if (std::find(detour.begin(), detour.end(), transit) == detour.end()) {
      detour.insert(detour.begin() + 1, transit);
      --by;
    }
  }
  return detour;
}

std::vector<Following> Expansion::followings(const PlannedChange& change,
                                             std::size_t number) const {
  std::vector<Following> all;
  Duration least = Duration::max();
  for (const std::size_t vantage : change.vantages) {
    // By name, so that a vantage point more does not change what the others do.
    SplitMix random{combine(combine(combine(plan_.seed, kForChanges), number),
                            hash_text(plan_.vantages[vantage].name))};
    Following following;
    // The square brings most of them to the front, as news travels.
    const std::uint64_t part = random.next() >> 32;
    const std::uint64_t square = part * part >> 32;
    following.delay = Duration{static_cast<std::int64_t>(
        square * static_cast<std::uint64_t>(change.spread.count()) >> 32)};
    least = std::min(least, following.delay);
    const bool explores = random.next() >> 32 < plan_.exploring;
    const std::size_t transients = 1 + random.below(kMostTransients);
    const Duration shortest = std::min(plan_.shortest_exploration, change.settle);
    const auto range = static_cast<std::uint64_t>((change.settle - shortest).count());
    following.settling = shortest + Duration{static_cast<std::int64_t>(random.below(range + 1))};
    following.choice = random.next();
    if (explores && change.exploration != Exploration::None) {
      following.transients = transients;
    }
    all.push_back(following);
  }
  for (Following& each : all) {
    each.delay -= least;  // the change begins when it is said to
  }
  return all;
}

void Expansion::apply(const PlannedChange& change, std::size_t number) {
  const std::vector<Following> all = followings(change, number);
  for (std::size_t i = 0; i < change.vantages.size(); ++i) {
    const std::size_t vantage = change.vantages[i];
    if (change.kind == ChangeKind::SessionDown || change.kind == ChangeKind::SessionUp) {
      apply_session(change, vantage, change.at + all[i].delay);
      continue;
    }
    for (const std::size_t prefix : change.prefixes) {
      if (carries(vantage, prefix)) {
        apply_route(change, vantage, prefix, all[i]);
      }
    }
  }
}

void Expansion::apply_session(const PlannedChange& change, std::size_t vantage, TimePoint time) {
  const bool up = change.kind == ChangeKind::SessionUp;
  sessions_[vantage].push_back({time, up});
  if (change.until_back) {
    sessions_[vantage].push_back({time + *change.until_back, !up});
  }
}

void Expansion::apply_route(const PlannedChange& change, std::size_t vantage, std::size_t prefix,
                            const Following& following) {
  auto& all = steps(vantage, prefix);
  TimePoint time = change.at + following.delay;
  const Path before = settled_path(vantage, prefix);
  while (!all.empty() && all.back().time >= time) {
    all.pop_back();  // an exploration that this change overtakes
  }
  const Path after = change.kind == ChangeKind::Withdraw
                         ? Path{}
                         : upstream_path(vantage, change.upstream, change.prepend);
  const bool old = change.exploration == Exploration::Old;
  const Path& explored = old ? before : after;
  // A path of the vantage point and the origin alone has no room for a detour before the upstream.
  const bool room = explored.size() > 2 && explored[1] != plan_.origin;
  const std::size_t transients = room && before != after ? following.transients : 0;
  for (std::size_t i = 0; i < transients; ++i) {
    // New paths grow shorter, old ones longer until there is none.
    const std::size_t by = old ? i + 1 : transients - i;
    all.push_back({time + following.settling * static_cast<std::int64_t>(i) /
                              static_cast<std::int64_t>(transients),
                   prefix, longer(explored, by, following.choice), true});
  }
  time += transients > 0 ? following.settling : Duration{0};
  all.push_back({time, prefix, after, false});
  if (change.until_back) {
    all.back().transient = true;
    all.push_back({time + *change.until_back, prefix, before, false});
  }
}

void Expansion::fill_table(Scenario& scenario) const {
  std::vector<std::size_t> order(prefixes_.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  std::sort(order.begin(), order.end(), [this](std::size_t left, std::size_t right) {
    return prefixes_[left] < prefixes_[right];
  });
  for (const std::size_t prefix : order) {
    for (std::size_t vantage = 0; vantage < plan_.vantages.size(); ++vantage) {
      const Path path = base_path(vantage, prefix);
      if (path.empty()) {
        continue;
      }
      SplitMix random{combine(combine(plan_.seed, kForAges), combine(vantage, prefix))};
      const std::chrono::seconds age{1 + random.below(kOldest)};
      scenario.table.push_back(
          {plan_.base - age, RouteKind::Table, vantage, prefixes_[prefix], AsPath{path}});
    }
  }
}

/// Turns what a vantage point has into what it says: nothing twice, and nothing while its session
/// is down.
class Speaker {
 public:
  Speaker(std::size_t vantage, const std::vector<Prefix>& prefixes,
          std::vector<ScenarioEvent>& events)
      : vantage_{vantage},
        prefixes_{prefixes},
        events_{events},
        routes_(prefixes.size()) {}

  void start_with(std::size_t prefix, std::vector<Asn> path) { routes_[prefix] = std::move(path); }
  void change(const ScenarioStep& step) {
    if (routes_[step.prefix] == step.path) {
      return;
    }
    routes_[step.prefix] = step.path;
    if (up_) {
      say(step.time, step.prefix);
    }
  }
  void session(const SessionStep& step) {
    if (step.up == up_) {
      return;
    }
    up_ = step.up;
    events_.push_back({step.time, up_ ? RouteKind::PeerUp : RouteKind::PeerDown, vantage_, {}, {}});
    for (std::size_t i = 0; up_ && i < routes_.size(); ++i) {
      if (!routes_[i].empty()) {
        say(step.time, i);
      }
    }
  }

 private:
  void say(TimePoint time, std::size_t prefix) {
    const auto& path = routes_[prefix];
    events_.push_back({time, path.empty() ? RouteKind::Withdraw : RouteKind::Announce, vantage_,
                       prefixes_[prefix], path.empty() ? AsPath{} : AsPath{path}});
  }

  std::size_t vantage_;
  const std::vector<Prefix>& prefixes_;
  std::vector<ScenarioEvent>& events_;
  std::vector<std::vector<Asn>> routes_;
  bool up_ = true;
};

void Expansion::tell(std::size_t vantage, std::vector<ScenarioStep> steps,
                     Scenario& scenario) const {
  for (std::size_t prefix = 0; prefix < plan_.prefixes.size(); ++prefix) {
    const auto& of_prefix = steps_[vantage * plan_.prefixes.size() + prefix];
    steps.insert(steps.end(), of_prefix.begin(), of_prefix.end());
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const ScenarioStep& left, const ScenarioStep& right) {
                     return std::tie(left.time, left.prefix) < std::tie(right.time, right.prefix);
                   });
  std::vector<SessionStep> sessions = sessions_[vantage];
  std::stable_sort(
      sessions.begin(), sessions.end(),
      [](const SessionStep& left, const SessionStep& right) { return left.time < right.time; });
  Speaker speaker{vantage, prefixes_, scenario.events};
  for (std::size_t prefix = 0; prefix < prefixes_.size(); ++prefix) {
    speaker.start_with(prefix, base_path(vantage, prefix));
  }
  auto session = sessions.begin();
  for (const ScenarioStep& step : steps) {
    for (; session != sessions.end() && session->time <= step.time; ++session) {
      speaker.session(*session);
    }
    speaker.change(step);
  }
  for (; session != sessions.end(); ++session) {
    speaker.session(*session);
  }
}

Scenario Expansion::run() {
  Scenario scenario;
  scenario.name = plan_.name;
  scenario.base = plan_.base;
  scenario.collectors = plan_.collectors;
  for (const PlannedVantage& each : plan_.vantages) {
    scenario.vantages.push_back(each.vantage);
  }
  fill_table(scenario);
  for (std::size_t i = 0; i < plan_.changes.size(); ++i) {
    apply(plan_.changes[i], i);
  }
  auto churn = background_.churn();
  for (std::size_t vantage = 0; vantage < plan_.vantages.size(); ++vantage) {
    tell(vantage, std::move(churn[vantage]), scenario);
  }
  std::stable_sort(
      scenario.events.begin(), scenario.events.end(),
      [](const ScenarioEvent& left, const ScenarioEvent& right) { return left.time < right.time; });
  return scenario;
}

}  // namespace

std::size_t planned_elements(const ScenarioPlan& plan) {
  const std::size_t routes =
      plan.prefixes.size() + plan.background.prefixes + plan.background.prefixes_v6;
  std::size_t elements = plan.vantages.size() * routes + 2 * plan.background.changes;
  for (const PlannedChange& change : plan.changes) {
    const bool session =
        change.kind == ChangeKind::SessionUp || change.kind == ChangeKind::SessionDown;
    elements += change.vantages.size() *
                (session ? 2 + routes : (kMostTransients + 2) * change.prefixes.size());
  }
  return elements;
}

Scenario expand(const ScenarioPlan& plan) {
  return Expansion{plan}.run();
}

}  // namespace isthmus::tool
