#pragma once

#include <cstdint>

#include "core/base/time.hpp"

namespace isthmus::probe {

/// A token bucket that does not burst: after a pause it pays back at most a few packets, the rest
/// of the time is lost. Times are monotonic, since any start.
class Pacer {
 public:
  /// `rate` in packets a second, above 0. Below 10,000 at most four packets leave back to back,
  /// above it what falls due in a millisecond.
  Pacer(double rate, Duration now);

  /// How many packets may leave now.
  [[nodiscard]] std::uint32_t available(Duration now);
  /// Takes that many; no more than `available` said.
  void take(std::uint32_t count) { tokens_ -= count; }
  /// When the next packet may leave; `now` if one may at once.
  [[nodiscard]] Duration next(Duration now);
  /// The longest row of packets without a gap.
  [[nodiscard]] std::uint32_t burst() const { return static_cast<std::uint32_t>(burst_); }

 private:
  void refill(Duration now);

  double rate_;
  double burst_;
  double tokens_ = 1;
  Duration filled_;
};

}  // namespace isthmus::probe
