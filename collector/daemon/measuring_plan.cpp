#include "collector/daemon/measuring_plan.hpp"

#include <algorithm>
#include <set>

#include "core/base/hash.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kDestinations = 3;

IpAddress host_in(const Prefix& prefix, std::uint64_t number) {
  const unsigned bits = address_bits(prefix.family()) - prefix.length();
  const std::uint64_t host = bits >= 64 ? number : number & ((std::uint64_t{1} << bits) - 1);
  if (prefix.family() == Family::Ipv4) {
    return IpAddress::v4(prefix.address().v4_value() | static_cast<std::uint32_t>(host));
  }
  return IpAddress::v6(prefix.address().high(), prefix.address().low() | host);
}

}  // namespace

std::vector<IpAddress> destinations_in(const Prefix& prefix, std::size_t count) {
  std::vector<IpAddress> found;
  const unsigned bits = address_bits(prefix.family()) - prefix.length();
  if (bits == 0) {
    return {prefix.address()};
  }
  for (std::uint64_t i = 0; found.size() < count && i < 16 * count; ++i) {
    const IpAddress address = host_in(prefix, i == 0 ? 1 : mix(i));
    const bool is_edge = prefix.family() == Family::Ipv4 && bits > 1 &&
                         (address == prefix.address() || address == host_in(prefix, ~0ULL));
    if (!is_edge && std::find(found.begin(), found.end(), address) == found.end()) {
      found.push_back(address);
    }
  }
  return found;
}

PlanMessage plan_of(const std::vector<Target>& targets, const std::vector<TargetStatus>& status,
                    Duration interval) {
  PlanMessage plan;
  for (const Target& target : targets) {
    std::set<Prefix> prefixes{target.prefixes.begin(), target.prefixes.end()};
    for (const TargetStatus& each : status) {
      if (each.target == target.name && target.prefixes.empty()) {
        for (const PrefixStatus& learned : each.prefixes) {
          prefixes.insert(learned.prefix);
        }
      }
    }
    PlanTarget wanted{.name = target.name, .interval = interval};
    for (const Prefix& prefix : prefixes) {
      wanted.prefixes.push_back({prefix, destinations_in(prefix, kDestinations)});
    }
    if (!wanted.prefixes.empty() && plan.targets.size() < kMaxPlanTargets) {
      plan.targets.push_back(std::move(wanted));
    }
  }
  return plan;
}

PlanSweep sweep_of(const SweepRequest& request, std::uint64_t id, const PlanMessage& plan) {
  PlanSweep sweep{.id = id, .at = request.at};
  for (const PlanTarget& target : plan.targets) {
    if (target.name != request.target) {
      continue;
    }
    for (const PlanPrefix& prefix : target.prefixes) {
      if (prefix.prefix.family() == request.family &&
          (!request.prefix || *request.prefix == prefix.prefix)) {
        sweep.destinations.insert(sweep.destinations.end(), prefix.destinations.begin(),
                                  prefix.destinations.end());
      }
    }
  }
  return sweep;
}

}  // namespace isthmus::collector
