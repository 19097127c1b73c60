#include "collector/detect/forged_paths.hpp"

#include <fmt/format.h>

#include "collector/detect/event_builder.hpp"

namespace isthmus::collector {

void ForgedPaths::add(const Target& target, const Route& route, Asn carried, Asn origin) {
  Sight sight;
  sight.time = route.time;
  sight.target = target.name;
  sight.prefix = route.prefix;
  sight.carrier = carried;
  sight.origin = origin;
  sight.vantage = *route.vantage;
  sight.path = route.attributes->as_path.to_string();
  pending_.insert(std::move(sight));
}

std::vector<Event> ForgedPaths::tell(TimePoint until, const DetectorSettings& settings) {
  std::vector<Event> events;
  while (!pending_.empty() && pending_.begin()->time <= until) {
    const Sight sight = *pending_.begin();
    pending_.erase(pending_.begin());
    const std::tuple key{sight.target, sight.prefix, sight.origin};
    const auto told = told_.find(key);
    if (told != told_.end() && sight.time - told->second < std::chrono::hours{24}) {
      continue;
    }
    told_[key] = sight.time;
    Event event;
    event.type = EventType::SuspectedLeak;
    event.severity = Severity::Notice;
    event.time = sight.time;
    event.first_seen = sight.time;
    event.target = sight.target;
    event.family = sight.prefix.family();
    event.rule = "target_in_transit";
    event.planes = {Plane::Control};
    event.thresholds = thresholds(settings);
    Witness witness;
    witness.vantage = sight.vantage;
    witness.prefix = sight.prefix;
    witness.time = sight.time;
    witness.path_after = sight.path;
    event.witnesses.push_back(std::move(witness));
    event.summary = fmt::format(
        "{} stands in a path to {} of {}, which it does not carry ({}): forged or leaked; no "
        "upstream is inferred",
        sight.carrier.to_string(), sight.prefix.to_string(), sight.origin.to_string(), sight.path);
    seal(event);
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace isthmus::collector
