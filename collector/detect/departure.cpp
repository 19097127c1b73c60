#include "collector/detect/departure.hpp"

#include <algorithm>

#include "collector/detect/quantities.hpp"

namespace isthmus::collector {
namespace {

constexpr Duration kMinGone = std::chrono::seconds{300};
constexpr double kElsewhere = 0.8;
constexpr std::size_t kZombies = 2;
constexpr Duration kZombieTime = std::chrono::seconds{5400};
/// A prefix that left the upstream this much earlier moved by itself.
constexpr Duration kTogether = std::chrono::seconds{600};

void note_carried(const Scene& scene, UpstreamRecord& record) {
  for (const auto& [prefix, votes] : scene.ballot().votes) {
    const double share = prefix_share(scene.ballot(), prefix, record.asn).share;
    const auto known = record.carried.find(prefix);
    if (share > 0) {
      Carried& carried = record.carried[prefix];
      const bool again = carried.left && scene.now - *carried.left > kTogether;
      carried.share = again ? share : std::max(carried.share, share);
      carried.left.reset();
    } else if (known != record.carried.end() && !known->second.left) {
      known->second.left = scene.now;
    }
  }
}

}  // namespace

Following follow(const Scene& scene, UpstreamRecord& record, Deadlines& due) {
  note_carried(scene, record);
  Following following;
  for (const Ballot* ballot : {&scene.control, &scene.data}) {
    for (const auto& [prefix, votes] : ballot->votes) {
      for (const auto& [group, vote] : votes) {
        if (const auto since = vote.since.find(record.asn); since != vote.since.end()) {
          following.on_it.insert(group);
          // One that comes by while routers look for a new way does not hold the others.
          const TimePoint loyal = since->second + scene.settings.persistence;
          if (scene.now >= loyal) {
            following.loyal.insert(group);
          } else {
            due.at(loyal);
          }
        } else if (!vote.upstreams.empty() && record.carried.contains(prefix)) {
          following.elsewhere.insert(group);
        }
      }
    }
  }
  record.former_groups.insert(following.on_it.begin(), following.on_it.end());
  return following;
}

std::optional<Departure> departure_of(const Scene& scene, const UpstreamRecord& record,
                                      const Following& following) {
  Departure departure;
  for (const Asn group : record.former_groups) {
    const bool live = scene.control.groups.contains(group) || scene.data.groups.contains(group);
    const bool moved = following.elsewhere.contains(group) && !following.loyal.contains(group);
    departure.former += live ? 1U : 0U;
    departure.moved += moved ? 1U : 0U;
  }
  const std::size_t loyal = following.loyal.size();
  const bool few = loyal <= kZombies && 10 * loyal <= record.former_groups.size();
  const bool most = departure.moved > 0 && static_cast<double>(departure.moved) >=
                                               kElsewhere * static_cast<double>(departure.former);
  return few && most ? std::optional{departure} : std::nullopt;
}

Duration departure_time(const Following& following, const DetectorSettings& settings) {
  return following.loyal.empty() ? std::max<Duration>(kMinGone, 3 * settings.probe_interval)
                                 : kZombieTime;
}

std::vector<PrefixChange> left_prefixes(const Scene& scene, const UpstreamRecord& record) {
  std::vector<PrefixChange> prefixes;
  for (const auto& [prefix, carried] : record.carried) {
    if (!carried.left || *carried.left + kTogether >= *record.withdrawn_at) {
      const double now = prefix_share(scene.ballot(), prefix, record.asn).share;
      prefixes.push_back({prefix, carried.share, now});
    }
  }
  return prefixes;
}

}  // namespace isthmus::collector
