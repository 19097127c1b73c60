#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/result.hpp"
#include "core/base/time.hpp"

namespace isthmus::collector {

/// What a collector writes down now and then, so that the next one goes on where it stopped.
struct SavedState {
  TimePoint time;                      ///< all that was received before this is in it
  std::string archives;                ///< which archives, in which order
  std::uint64_t archive_elements = 0;  ///< of them that are in it
  std::string detector;                ///< Detector::save
};

/// Writes it whole, or not at all.
Result<void> write_state(const std::string& path, const SavedState& state);
/// Nothing where there is no such file. A damaged one is an error: the caller begins anew.
Result<std::optional<SavedState>> read_state(const std::string& path);

}  // namespace isthmus::collector
