#include "collector/detect/plane_watch.hpp"

#include <fmt/format.h>

#include "collector/detect/plane_disagreement.hpp"

namespace isthmus::collector {
namespace {

constexpr double kApart = 0.5;
constexpr double kTogetherAgain = 0.25;
constexpr Duration kApartTime = std::chrono::seconds{600};

}  // namespace

void PlaneWatch::judge(const Scene& scene, std::vector<Event>& events, Deadlines& due) {
  const double apart = plane_disagreement(scene.control, scene.data);
  if (apart <= kApart) {
    since_.reset();
    told_ = told_ && apart > kTogetherAgain;
    return;
  }
  since_ = since_.value_or(scene.now);
  if (told_ || scene.now < *since_ + kApartTime) {
    due.at(*since_ + kApartTime);
    return;
  }
  told_ = true;
  Event event =
      target_event(scene, EventType::PlaneDisagreement, Severity::Warning, "planes_apart");
  event.first_seen = since_;
  event.planes = {Plane::Data, Plane::Control};
  event.summary = fmt::format(
      "packets and routes to {} differ for {:.0f} % of the space since {} ({} groups measure, {} "
      "groups announce)",
      scene.target.name, apart * 100, moment_text(*since_), scene.data.live(),
      scene.control.live());
  seal(event);
  events.push_back(std::move(event));
}

}  // namespace isthmus::collector
