#pragma once

namespace CLI {
class App;
}

namespace isthmus::probe {

/// Adds `trace`; when CLI11 runs it, `status` becomes the exit status of the program: 0 all targets
/// were traced, 1 some could not be or replies were lost, 2 the command line is wrong, 3 nothing
/// could be done.
void add_trace_command(CLI::App& app, int& status);

}  // namespace isthmus::probe
