#pragma once

#include <optional>

namespace isthmus::tool {

/// SIGINT and SIGTERM as a wish that long work looks at where it can stop cleanly. A second signal,
/// or work that does not stop within two seconds (it may wait for a pipe), ends the program at
/// once, which loses nothing that was stored. Once in a program, as signals are.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// The signal that has come, if any.
  [[nodiscard]] static std::optional<int> signal();
};

}  // namespace isthmus::tool
