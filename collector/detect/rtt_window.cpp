#include "collector/detect/rtt_window.hpp"

#include <algorithm>
#include <limits>

#include "collector/detect/quantities.hpp"

namespace isthmus::collector {
namespace {

constexpr double kModeP = 0.001;
constexpr std::int64_t kModeShift = 10'000;

}  // namespace

void RttWindow::add(Duration rtt) {
  constexpr Duration::rep kMost = std::numeric_limits<std::uint32_t>::max();
  values_.at(next_) = static_cast<std::uint32_t>(std::clamp<Duration::rep>(rtt.count(), 0, kMost));
  next_ = static_cast<std::uint8_t>((next_ + 1) % kSize);
  size_ = std::min<std::uint8_t>(kSize, static_cast<std::uint8_t>(size_ + 1));
}

std::uint32_t RttWindow::median() const {
  std::array<std::uint32_t, kSize> sorted = values_;
  if (size_ == 0) {
    return 0;
  }
  auto* const middle = sorted.begin() + size_ / 2;
  std::nth_element(sorted.begin(), middle, sorted.begin() + size_);
  return *middle;
}

bool is_other_mode(const RttWindow& before, const RttWindow& after) {
  const std::int64_t shift = std::int64_t{after.median()} - std::int64_t{before.median()};
  return (shift > kModeShift || shift < -kModeShift) &&
         mann_whitney_p(before.values(), after.values()) < kModeP;
}

}  // namespace isthmus::collector
