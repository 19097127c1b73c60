#pragma once

#include <deque>

#include "core/base/time.hpp"

namespace isthmus::probe {

/// Turns the wall-clock stamps of the kernel into monotonic time, so that a step of the wall clock
/// bends no round-trip time.
///
/// Samples of both clocks are taken before each read of the capture. A stamp is put on the offset
/// of the sample that makes it lie between "just now" and the longest delay of the capture; with no
/// step, all samples agree.
class ClockMap {
 public:
  /// Both clocks, read together.
  void sample(TimePoint wall, Duration monotonic);
  /// The monotonic time of a stamp that the kernel made before the last sample.
  [[nodiscard]] Duration monotonic(TimePoint stamp) const;
  /// Steps of the wall clock by more than a millisecond that were seen.
  [[nodiscard]] unsigned steps() const { return steps_; }

 private:
  struct Era {
    Duration offset;  ///< wall minus monotonic
    Duration until;   ///< monotonic time of its last sample
  };
  std::deque<Era> eras_;
  unsigned steps_ = 0;
};

}  // namespace isthmus::probe
