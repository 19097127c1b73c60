#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "collector/feed/input.hpp"

namespace isthmus::tool {

/// A line on a terminal that tells how far long work is: part, rate, time left. On anything but a
/// terminal it says nothing.
class Progress {
 public:
  /// `unit` is what is counted: "elements".
  explicit Progress(std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Cheap enough to be called for each element.
  void update(std::uint64_t count, const collector::Input::Progress& input) {
    if (shown_ && (count & 0xfff) == 0) {
      draw(count, input);
    }
  }
  /// Takes the line away, so that something else can be printed.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(std::uint64_t count, const collector::Input::Progress& input);

  std::string unit_;
  bool shown_;
  bool drawn_ = false;
  Clock::time_point start_;
  Clock::time_point last_;
};

}  // namespace isthmus::tool
