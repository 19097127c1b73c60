#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "collector/label/labeller.hpp"

namespace isthmus::collector {

/// The labeller in force; any thread.
class SharedLabeller {
 public:
  [[nodiscard]] std::shared_ptr<const Labeller> get() const {
    const std::scoped_lock lock{mutex_};
    return labeller_;
  }
  void set(std::shared_ptr<const Labeller> labeller) {
    const std::scoped_lock lock{mutex_};
    labeller_ = std::move(labeller);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Labeller> labeller_;
};

}  // namespace isthmus::collector
