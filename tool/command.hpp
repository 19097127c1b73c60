#pragma once

#include <string>

namespace CLI {
class App;
}

namespace isthmus::tool {

/// Exit statuses of isthmusctl, as its --help tells them.
enum class Exit : int {
  Ok = 0,
  Loss = 1,           ///< the work was done, but some input was damaged and could not be used
  Usage = 2,          ///< the command line or a configuration file is wrong
  Failed = 3,         ///< the work could not be done
  Interrupted = 130,  ///< 128 + SIGINT, as a shell says it
  Terminated = 143,   ///< 128 + SIGTERM
};

/// What a command leaves behind for `main`.
class Outcome {
 public:
  /// The status, unless something worse was told before.
  void settle(Exit status);
  /// The same, and says an error.
  void fail(Exit status, const std::string& message);
  [[nodiscard]] Exit status() const { return status_; }

 private:
  Exit status_ = Exit::Ok;
};

/// Each adds commands; one of them runs when CLI11 has read the command line.
void add_replay_command(CLI::App& app, Outcome& outcome);
void add_history_commands(CLI::App& app, Outcome& outcome);
void add_explain_command(CLI::App& app, Outcome& outcome);
void add_export_commands(CLI::App& app, Outcome& outcome);
void add_dump_command(CLI::App& app, Outcome& outcome);
void add_config_command(CLI::App& app, Outcome& outcome);
void add_simulate_command(CLI::App& app, Outcome& outcome);
void add_probe_commands(CLI::App& app, Outcome& outcome);

}  // namespace isthmus::tool
