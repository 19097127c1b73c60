#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "collector/label/labeller.hpp"

namespace isthmus::collector {

/// The labeller in use. New tables are read beside it, into a labeller of their own, and put in its
/// place in one step: whoever asks holds the old one until he is done, and nobody waits.
class CurrentLabeller {
 public:
  explicit CurrentLabeller(Labeller labeller)
      : labeller_{std::make_shared<const Labeller>(std::move(labeller))} {}

  /// Never null. From any thread.
  [[nodiscard]] std::shared_ptr<const Labeller> get() const {
    const std::lock_guard lock{mutex_};
    return labeller_;
  }
  /// Puts another in place and hands back the one before. From any thread.
  std::shared_ptr<const Labeller> replace(Labeller labeller) {
    auto next = std::make_shared<const Labeller>(std::move(labeller));
    const std::lock_guard lock{mutex_};
    return std::exchange(labeller_, std::move(next));
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Labeller> labeller_;
};

/// Names the addresses of a trace again, by another labeller, and says whether one of them has
/// another name now: kind, origins or matching prefix. A detector reads again what changed within
/// its window of freshness (detection.md c.9); the trace's version is the new one in any case.
bool relabel(LabelledTrace& trace, const Labeller& labeller);

}  // namespace isthmus::collector
