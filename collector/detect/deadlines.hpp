#pragma once

#include <optional>

#include "core/base/time.hpp"

namespace isthmus::collector {

/// The earliest moment after now at which something may change by the passing of time alone.
class Deadlines {
 public:
  explicit Deadlines(TimePoint now) : now_{now} {}
  void at(TimePoint time) {
    if (time > now_ && (!next_ || time < *next_)) {
      next_ = time;
    }
  }
  [[nodiscard]] std::optional<TimePoint> next() const { return next_; }

 private:
  TimePoint now_;
  std::optional<TimePoint> next_;
};

}  // namespace isthmus::collector
