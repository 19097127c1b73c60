#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "core/runtime/task.hpp"

namespace isthmus {

/// What the operating system asks of a daemon.
enum class Signal : std::uint8_t {
  Stop,    ///< SIGTERM, SIGINT
  Reload,  ///< SIGHUP
};

/// Catches the signals of a daemon from its construction on. SIGPIPE is ignored from then on: a
/// peer that went away is an error of the write, not the end of the process.
class Signals {
 public:
  explicit Signals(const net::any_io_executor& executor);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The next signal; throws `operation_aborted` when cancelled.
  Task<Signal> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace isthmus
