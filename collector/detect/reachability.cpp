#include "collector/detect/reachability.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace isthmus::collector {
namespace {

constexpr double kGone = 0.8;
constexpr double kBack = 0.5;
constexpr double kLoss = 0.3;
constexpr Duration kLossTime = std::chrono::seconds{900};
constexpr std::size_t kFewest = 3;

double unreachable_part(const Ballot& ballot) {
  std::size_t gone = 0;
  for (const auto& [group, unreachable] : ballot.unreachable) {
    gone += unreachable ? 1U : 0U;
  }
  return ballot.live() == 0 ? 0 : static_cast<double>(gone) / static_cast<double>(ballot.live());
}

bool has_invalid_route(const Scene& scene) {
  return std::any_of(scene.states.begin(), scene.states.end(), [](const auto& entry) {
    const auto& reasons = entry.second.now.reasons;
    return std::find(reasons.begin(), reasons.end(), "rov_invalid") != reasons.end();
  });
}

}  // namespace

void Reachability::judge(const Scene& scene, std::vector<Event>& events, Deadlines& due) {
  judge_coverage(scene, events, due);
  const double part = unreachable_part(scene.ballot());
  const bool enough = scene.ballot().live() >= kFewest;
  if (!unreachable_ && enough && part >= kGone) {
    unreachable_ = true;
    gone_since_ = scene.now;
  } else if (unreachable_ && enough && part <= kBack) {
    unreachable_ = false;
    if (told_gone_) {
      Event event =
          target_event(scene, EventType::TargetReachable, Severity::Info, "part_of_groups");
      event.first_seen = gone_since_;
      event.amends = gone_id_;
      event.summary = fmt::format(
          "{} can be reached again after {}", scene.target.name,
          format_duration(std::chrono::floor<std::chrono::seconds>(scene.now - *gone_since_)));
      seal(event);
      events.push_back(std::move(event));
    }
    told_gone_ = false;
    gone_since_.reset();
  }
  if (unreachable_ && !told_gone_) {
    const TimePoint told = *gone_since_ + settings_.peer_standing;
    if (scene.now < told) {
      due.at(told);
    } else {
      told_gone_ = true;
      Event event =
          target_event(scene, EventType::TargetUnreachable, Severity::Critical, "part_of_groups");
      event.first_seen = gone_since_;
      event.summary = fmt::format(
          "{} cannot be reached since {}: {:.0f} % of {} vantage ASes have no route",
          scene.target.name, moment_text(*gone_since_), part * 100, scene.ballot().live());
      seal(event);
      gone_id_ = event.id;
      events.push_back(std::move(event));
    }
  }
  judge_loss(scene, enough ? part : 0, events, due);
}

void Reachability::judge_loss(const Scene& scene, double part, std::vector<Event>& events,
                              Deadlines& due) {
  if (unreachable_ || part < kLoss) {
    loss_since_.reset();
    told_loss_ = told_loss_ && part > 0;
    return;
  }
  if (!loss_since_) {
    loss_since_ = scene.now;
  }
  if (told_loss_ || scene.now < *loss_since_ + kLossTime) {
    due.at(*loss_since_ + kLossTime);
    return;
  }
  told_loss_ = true;
  const bool invalid = has_invalid_route(scene);
  Event event =
      invalid
          ? target_event(scene, EventType::PropagationLoss, Severity::Warning, "rov_invalid")
          : target_event(scene, EventType::PropagationLoss, Severity::Warning, "part_of_groups");
  event.first_seen = loss_since_;
  event.summary = fmt::format("{:.0f} % of {} vantage ASes have lost {} since {}{}", part * 100,
                              scene.ballot().live(), scene.target.name, moment_text(*loss_since_),
                              invalid ? ": RPKI says that its announcement is invalid" : "");
  seal(event);
  events.push_back(std::move(event));
}

void Reachability::judge_coverage(const Scene& scene, std::vector<Event>& events, Deadlines& due) {
  const std::size_t live = scene.live();
  const Duration window = 2 * settings_.probe_interval;
  // A number holds until the next one: the last before the window counts at its beginning.
  while (live_.size() >= 2 && scene.now - live_[1].first >= window) {
    live_.erase(live_.begin());
  }
  std::size_t most = live;
  for (const auto& [time, count] : live_) {
    most = std::max(most, count);
  }
  if (live_.empty() || live_.back().second != live) {
    live_.emplace_back(scene.now, live);
  }
  covered_ = covered_ || live >= kFewest;
  const bool low = covered_ && (live < kFewest || 2 * live < most);
  if (low && live_.size() >= 2) {
    due.at(live_[1].first + window);
  }
  if (low == low_) {
    return;
  }
  low_ = low;
  Event event = target_event(scene, low ? EventType::CoverageLow : EventType::CoverageOk,
                             low ? Severity::Warning : Severity::Info, "live_groups");
  event.summary = low ? fmt::format("only {} vantage ASes see {}; nothing is confirmed meanwhile",
                                    live, scene.target.name)
                      : fmt::format("{} vantage ASes see {} again", live, scene.target.name);
  seal(event);
  events.push_back(std::move(event));
}

}  // namespace isthmus::collector
