#pragma once

#include <algorithm>
#include <optional>

#include "core/base/time.hpp"

namespace isthmus::collector {

/// Tells when something that used to speak has gone silent against its habit: for three times the
/// longest pause that it made before, and five minutes at least. Nothing is said before its habit
/// is known. An old long pause is forgotten by and by, half of it each day.
class SilenceWatch {
 public:
  void heard(TimePoint now) {
    if (last_ && now > *last_) {
      const Duration pause = now - *last_;
      const double days = std::chrono::duration<double>(pause).count() / 86400.0;
      longest_ = std::max(pause, Duration{static_cast<Duration::rep>(
                                     static_cast<double>(longest_.count()) / (1.0 + days))});
    }
    last_ = now;
    ++count_;
  }
  [[nodiscard]] bool is_silent(TimePoint now) const {
    constexpr unsigned kHabit = 20;
    constexpr Duration kLeast = std::chrono::minutes{5};
    return last_ && count_ >= kHabit && now - *last_ > std::max(kLeast, 3 * longest_);
  }
  [[nodiscard]] const std::optional<TimePoint>& last() const { return last_; }

 private:
  std::optional<TimePoint> last_;
  Duration longest_{};
  unsigned count_ = 0;
};

}  // namespace isthmus::collector
