#include "collector/detect/transit_shift.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

constexpr std::size_t kShiftGroups = 8;
constexpr double kShiftPart = 0.2;
constexpr Duration kShiftMemory = std::chrono::hours{2};
constexpr Duration kShiftRepeat = std::chrono::hours{24};

/// Groups that go over a network since lately, and the first of them.
struct Shifted {
  std::set<Asn> groups;
  TimePoint first = TimePoint::max();
  Asn upstream;
  std::map<Asn, std::size_t> before;
};

}  // namespace

void TransitShift::judge(const Scene& scene, std::vector<Event>& events, Deadlines& due) {
  std::map<Asn, Shifted> shifted;
  for (const auto& [key, state] : scene.states) {
    if (key.vantage.plane != Plane::Control || !state.rerouted_at ||
        state.now.upstreams.size() != 1 || scene.now - *state.rerouted_at > kShiftMemory) {
      continue;
    }
    const TimePoint stood = *state.rerouted_at + scene.settings.persistence;
    if (scene.now < stood) {
      due.at(stood);
      continue;
    }
    Shifted& each = shifted[as_before(state.now.path, state.now.upstreams.front())];
    each.groups.insert(key.vantage.asn);
    each.first = std::min(each.first, *state.rerouted_at);
    each.upstream = state.now.upstreams.front();
    ++each.before[state.transit_before];
  }
  for (const auto& [asn, each] : shifted) {
    const auto count = static_cast<double>(each.groups.size());
    const auto told = told_.find(asn);
    if (each.groups.size() < kShiftGroups ||
        count < kShiftPart * static_cast<double>(scene.control.live()) ||
        (told != told_.end() && scene.now - told->second < kShiftRepeat)) {
      continue;
    }
    told_[asn] = scene.now;
    const auto most = std::max_element(
        each.before.begin(), each.before.end(),
        [](const auto& left, const auto& right) { return left.second < right.second; });
    Event event =
        target_event(scene, EventType::TransitShift, Severity::Info, "transit_difference");
    event.upstream = each.upstream;
    event.first_seen = each.first;
    event.planes = {Plane::Control};
    event.summary = fmt::format(
        "{} of {} vantage ASes reach {} over {} now, still by way of {}: before that over {}, "
        "since {}",
        each.groups.size(), scene.control.live(), scene.target.name, asn.to_string(),
        each.upstream.to_string(), most->first.to_string(), moment_text(each.first));
    seal(event);
    events.push_back(std::move(event));
  }
}

}  // namespace isthmus::collector
