#include "tool/scenario_background.hpp"

#include <algorithm>

#include "core/base/hash.hpp"
#include "tool/split_mix.hpp"

namespace isthmus::tool {
namespace {

/// What random numbers are for: the same seed must not give the same numbers to all.
constexpr std::uint64_t kForOrigins = 0x6f726967;
constexpr std::uint64_t kForPaths = 0x70617468;
constexpr std::uint64_t kForChurn = 0x636875726e;

/// IPv4 in the space from 24.0.0.0 on, a /20 for each; IPv6 in 2600::/16, a /48 for each.
Prefix background_prefix(Family family, std::uint32_t number, SplitMix& random) {
  if (family == Family::Ipv4) {
    const auto length = static_cast<unsigned>(20 + random.below(5));
    return Prefix::covering(IpAddress::v4(0x18000000U + (number << 12)), length);
  }
  return Prefix::covering(IpAddress::v6(0x2600'0000'0000'0000U + (std::uint64_t{number} << 16), 0),
                          48);
}

}  // namespace

ScenarioBackground::ScenarioBackground(const ScenarioPlan& plan, std::size_t first)
    : plan_{plan},
      first_{first} {
  add(Family::Ipv4, plan.background.prefixes);
  ipv4_ = prefixes_.size();
  add(Family::Ipv6, plan.background.prefixes_v6);
}

void ScenarioBackground::add(Family family, std::size_t count) {
  SplitMix random{combine(combine(plan_.seed, kForOrigins), static_cast<std::uint64_t>(family))};
  for (std::uint32_t i = 0; i < count; ++i) {
    const Prefix prefix = background_prefix(family, i, random);
    Asn origin{1000 + static_cast<std::uint32_t>(random.below(60'000))};
    while (origin.is_reserved() || origin == plan_.origin) {
      origin = Asn{1000 + static_cast<std::uint32_t>(random.below(60'000))};
    }
    const bool in_the_way = std::any_of(
        plan_.prefixes.begin(), plan_.prefixes.end(),
        [&prefix](const Prefix& each) { return each.contains(prefix) || prefix.contains(each); });
    if (!in_the_way) {
      prefixes_.push_back(prefix);
      origins_.push_back(origin);
    }
  }
}

std::vector<Asn> ScenarioBackground::path(std::size_t vantage, std::size_t index,
                                          std::uint64_t variant) const {
  SplitMix random{
      combine(combine(combine(plan_.seed, kForPaths), vantage), combine(index, variant))};
  std::vector<Asn> path{plan_.vantages[vantage].vantage.point.asn};
  for (std::uint64_t left = 1 + random.below(3); left > 0; --left) {
    const Asn transit = plan_.transits[random.below(plan_.transits.size())];
    if (std::find(path.begin(), path.end(), transit) == path.end() && transit != origins_[index]) {
      path.push_back(transit);
    }
  }
  if (path.front() != origins_[index]) {
    path.push_back(origins_[index]);
  }
  return path;
}

std::vector<std::vector<ScenarioStep>> ScenarioBackground::churn() const {
  std::vector<std::vector<ScenarioStep>> steps(plan_.vantages.size());
  for (std::size_t i = 0; i < plan_.background.changes; ++i) {
    change(i, steps);
  }
  return steps;
}

void ScenarioBackground::change(std::size_t number,
                                std::vector<std::vector<ScenarioStep>>& steps) const {
  SplitMix random{combine(combine(plan_.seed, kForChurn), number)};
  const std::size_t vantage = random.below(plan_.vantages.size());
  const bool v4 = plan_.vantages[vantage].vantage.point.address.is_v4();
  const std::size_t count = v4 ? ipv4_ : prefixes_.size() - ipv4_;
  if (count == 0) {
    return;
  }
  const std::size_t index = (v4 ? 0 : ipv4_) + random.below(count);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(plan_.end - plan_.base).count();
  TimePoint time = plan_.base +
                   std::chrono::seconds{random.below(static_cast<std::uint64_t>(seconds))} +
                   Duration{random.below(1'000'000)};
  if (random.below(4) == 0) {
    steps[vantage].push_back({time, first_ + index, {}, false});
    time += std::chrono::seconds{1 + random.below(60)};
  }
  steps[vantage].push_back({time, first_ + index, path(vantage, index, number + 1), false});
}

}  // namespace isthmus::tool
