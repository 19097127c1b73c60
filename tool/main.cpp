#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "tool/command.hpp"
#include "tool/usage_error.hpp"

namespace {

int run(int argc, char** argv) {
  using namespace isthmus::tool;
  CLI::App app{
      "isthmusctl works with route archives, finds who carries a network, and explains it.\n"
      "Start with: isthmusctl replay --target AS131279 --known-upstream AS4837 FILE..."};
  app.name("isthmusctl");
  app.require_subcommand(1);
  app.set_version_flag("--version", "isthmusctl " ISTHMUS_VERSION);
  app.get_formatter()->column_width(34);
  app.set_version_flag("--version", "isthmus " ISTHMUS_VERSION, "Print the version and exit");
  app.footer(
      "Exit status: 0 all is well, 1 some input was damaged and left out, 2 the command line or a\n"
      "configuration is wrong, 3 the work could not be done, 130 and 143 stopped by SIGINT and\n"
      "SIGTERM. `isthmusctl COMMAND --help` tells more.");
  Outcome outcome;
  add_replay_command(app, outcome);
  add_history_commands(app, outcome);
  add_explain_command(app, outcome);
  add_export_commands(app, outcome);
  add_dump_command(app, outcome);
  add_config_command(app, outcome);
  add_simulate_command(app, outcome);
  add_probe_commands(app, outcome);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help or --version
      return app.exit(error);
    }
    std::fputs(describe_usage_error(app, error).c_str(), stderr);
    return static_cast<int>(Exit::Usage);
  }
  return static_cast<int>(outcome.status());
}

/// A standard stream that the caller closed must not become the next file that is opened, which
/// would then be written into. What is opened instead refuses, so that nothing is lost silently.
void occupy_standard_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(stream, F_GETFD) == -1) {
      ::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
  }
}

}  // namespace

namespace isthmus::tool {

void Outcome::settle(Exit status) {
  status_ = std::max(status_, status);
}

void Outcome::fail(Exit status, const std::string& message) {
  std::fprintf(stderr, "isthmusctl: %s\n", message.c_str());
  settle(status);
}

}  // namespace isthmus::tool

int main(int argc, char** argv) {
  occupy_standard_streams();
  // A reader that went away and a file that grew too large are failed writes, not our death.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "isthmusctl: a bug, please report it: %s\n", error.what());
    return 70;
  }
}
