#include "collector/detect/sweep_planner.hpp"

#include <algorithm>
#include <utility>

namespace isthmus::collector {
namespace {

constexpr Duration kSweepPause = std::chrono::seconds{600};
constexpr Duration kSweepHour = std::chrono::seconds{3600};
constexpr std::size_t kSweepsAnHour = 6;
constexpr std::ptrdiff_t kSweepsOfOne = 2;

}  // namespace

bool SweepPlanner::suspect(const SweepRequest& request, std::optional<Asn> group) {
  const TimePoint now = request.at;
  std::erase_if(recent_, [&](const auto& each) { return now - each.first >= kSweepHour; });
  std::erase_if(last_, [&](const auto& each) { return now - each.second >= kSweepPause; });
  const Asn who = group.value_or(Asn{});
  const auto of_group = std::count_if(recent_.begin(), recent_.end(),
                                      [&](const auto& each) { return each.second == who; });
  if (last_.contains(request.upstream) || recent_.size() >= kSweepsAnHour ||
      (group && of_group >= kSweepsOfOne)) {
    return false;
  }
  last_[request.upstream] = now;
  recent_.emplace_back(now, who);
  ++counts_[request.kind];
  requests_.push_back(request);
  return true;
}

void SweepPlanner::hold(const SweepRequest& request) {
  ++counts_[request.kind];
  requests_.push_back(request);
}

std::vector<SweepRequest> SweepPlanner::take() {
  return std::exchange(requests_, {});
}

}  // namespace isthmus::collector
