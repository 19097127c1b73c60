#pragma once

namespace CLI {
class App;
}

namespace isthmus::probe {

/// Adds `run` and `enroll`; what was chosen sets the exit status.
void add_daemon_commands(CLI::App& app, int& status);

}  // namespace isthmus::probe
