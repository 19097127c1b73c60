#include "collector/detect/storms.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "collector/detect/event_builder.hpp"

namespace isthmus::collector {
namespace {

constexpr std::size_t kStormTargets = 5;
constexpr Duration kStormTime = std::chrono::seconds{600};

bool comes(EventType type) {
  return type == EventType::UpstreamNew || type == EventType::UpstreamReturned;
}

bool goes(EventType type) {
  return type == EventType::UpstreamLost || type == EventType::UpstreamWithdrawn;
}

std::string list_of(const std::set<std::string>& targets) {
  constexpr std::size_t kMost = 12;
  std::string text;
  std::size_t told = 0;
  for (const std::string& target : targets) {
    if (told == kMost) {
      return text + fmt::format(" and {} more", targets.size() - kMost);
    }
    text += (told == 0 ? "" : ", ") + target;
    ++told;
  }
  return text;
}

}  // namespace

bool Storms::keeps_back(Storm& storm, Event& event) {
  std::erase_if(storm.recent,
                [&](const auto& each) { return event.time - each.first > kStormTime; });
  storm.recent.emplace_back(event.time, event.target);
  if (storm.active) {
    storm.targets.insert(event.target);
    storm.last = event.time;
    kept_back_[event.id] = storm.event_id;
    ++suppressed_[event.target];
    return true;
  }
  std::set<std::string> targets;
  for (const auto& [time, target] : storm.recent) {
    targets.insert(target);
  }
  if (targets.size() < kStormTargets) {
    return false;
  }
  storm.active = true;
  storm.targets = std::move(targets);
  storm.first = storm.recent.front().first;
  storm.last = event.time;
  event.rule = "storm";
  event.summary = fmt::format("{} {} {} targets within ten minutes: {}; further ones are counted",
                              event.upstream->to_string(), comes(event.type) ? "came to" : "left",
                              storm.targets.size(), list_of(storm.targets));
  storm.event_id = event.id;
  return false;
}

/// Tells of storms that have been over for long enough.
void Storms::end(TimePoint until, std::vector<Event>& told) {
  std::vector<Event> ended;
  for (auto& [key, storm] : storms_) {
    if (!storm.active || until - storm.last <= kStormTime) {
      continue;
    }
    Event event;
    event.type = EventType::Amended;
    event.severity = Severity::Info;
    event.time = storm.last + kStormTime;
    event.target = *storm.targets.begin();
    event.family = static_cast<Family>(std::get<1>(key));
    event.upstream = std::get<0>(key);
    event.first_seen = storm.first;
    event.ended_at = storm.last;
    event.rule = "storm_over";
    event.amends = storm.event_id;
    event.thresholds = {{"storm_targets", fmt::format("{}", kStormTargets)},
                        {"storm_time", format_duration(kStormTime)}};
    event.summary =
        fmt::format("{} {} {} targets between {} and {}: {}", event.upstream->to_string(),
                    std::get<2>(key) ? "came to" : "left", storm.targets.size(),
                    moment_text(storm.first), moment_text(storm.last), list_of(storm.targets));
    seal(event);
    ended.push_back(std::move(event));
    storm = {};
  }
  std::sort(ended.begin(), ended.end(), precedes);
  std::move(ended.begin(), ended.end(), std::back_inserter(told));
}

std::vector<Event> Storms::group(std::vector<Event> events, TimePoint until) {
  std::vector<Event> told;
  for (Event& event : events) {
    end(event.time, told);
    if (const auto kept = event.amends ? kept_back_.find(*event.amends) : kept_back_.end();
        kept != kept_back_.end()) {
      event.amends = kept->second;
    }
    if (event.upstream && (comes(event.type) || goes(event.type))) {
      Storm& storm =
          storms_[{*event.upstream, static_cast<std::uint8_t>(event.family), comes(event.type)}];
      if (keeps_back(storm, event)) {
        continue;
      }
    }
    told.push_back(std::move(event));
  }
  end(until, told);
  std::erase_if(storms_, [&](const auto& entry) {
    return !entry.second.active &&
           (entry.second.recent.empty() || until - entry.second.recent.back().first > kStormTime);
  });
  return told;
}

}  // namespace isthmus::collector
