#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "probe/trace/engine.hpp"
#include "probe/trace/permutation.hpp"

namespace isthmus::probe {

/// A list of targets in pseudo-random order, each once; a job's id is its position in the list.
class TargetList final : public TraceSource {
 public:
  /// `targets` must outlive it.
  TargetList(std::span<const IpAddress> targets, std::shared_ptr<const TraceOptions> options,
             std::uint64_t seed, std::uint8_t format = 0)
      : targets_{targets},
        options_{std::move(options)},
        order_{targets.size(), seed},
        format_{format} {}

  /// Options that some targets have of their own, by position; where null, the list's.
  void set_own_options(std::span<const std::shared_ptr<const TraceOptions>> own) { own_ = own; }

  std::optional<TraceJob> next() override {
    if (is_empty()) {
      return std::nullopt;
    }
    const std::uint64_t index = order_[position_++];
    const bool has_own = index < own_.size() && own_[index] != nullptr;
    return TraceJob{.destination = targets_[index],
                    .options = has_own ? own_[index] : options_,
                    .id = index,
                    .format = format_};
  }
  [[nodiscard]] bool is_empty() const override { return position_ >= targets_.size(); }
  /// Gives no others.
  void stop() { position_ = targets_.size(); }

 private:
  std::span<const IpAddress> targets_;
  std::shared_ptr<const TraceOptions> options_;
  std::span<const std::shared_ptr<const TraceOptions>> own_;
  Permutation order_;
  std::uint8_t format_;
  std::uint64_t position_ = 0;
};

}  // namespace isthmus::probe
