#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "core/base/time.hpp"

namespace isthmus::probe {

/// One exchange of clock readings with a collector (RFC 5905, section 8).
struct ClockSample {
  TimePoint asked;        ///< by our clock
  TimePoint received;     ///< by the collector's
  TimePoint answered;     ///< by the collector's
  Duration round_trip{};  ///< by our monotonic clock, from asking to the answer
};

/// How far the collector's clock is ahead of ours, from the sample whose round trip was shortest
/// among the last ones: queues only ever make a round trip longer, and its half is the error.
class ClockFilter {
 public:
  static constexpr std::size_t kSamples = 8;

  void add(const ClockSample& sample) {
    // Half of what was not spent in the collector is taken for each way.
    const Duration on_the_way = sample.round_trip - (sample.answered - sample.received);
    if (on_the_way < Duration{0}) {
      return;  // a clock was stepped while we waited
    }
    samples_.push_back({sample.received - (sample.asked + on_the_way / 2), on_the_way / 2});
    if (samples_.size() > kSamples) {
      samples_.pop_front();
    }
  }
  /// Forgets what was measured: our clock was stepped.
  void clear() { samples_.clear(); }

  /// Collector's clock minus ours.
  [[nodiscard]] std::optional<Duration> offset() const {
    const Measured* const best = shortest();
    return best == nullptr ? std::nullopt : std::optional{best->offset};
  }
  /// The most that `offset` can be wrong by, if clocks run evenly.
  [[nodiscard]] std::optional<Duration> error() const {
    const Measured* const best = shortest();
    return best == nullptr ? std::nullopt : std::optional{best->error};
  }

 private:
  struct Measured {
    Duration offset;
    Duration error;
  };
  [[nodiscard]] const Measured* shortest() const {
    const Measured* best = nullptr;
    for (const Measured& each : samples_) {
      // Of equals the later one: clocks drift.
      if (best == nullptr || each.error <= best->error) {
        best = &each;
      }
    }
    return best;
  }

  std::deque<Measured> samples_;
};

}  // namespace isthmus::probe
