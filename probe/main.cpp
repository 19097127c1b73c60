#include <cstdio>
#include <exception>

#include <CLI/CLI.hpp>

#include "probe/daemon_commands.hpp"
#include "probe/trace_command.hpp"

namespace {

int run(int argc, char** argv) {
  CLI::App app{
      "isthmus-probe measures the ways that packets take through the Internet.\n"
      "Start with: isthmus-probe trace 192.0.2.1"};
  app.name("isthmus-probe");
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer("`isthmus-probe COMMAND --help` tells more.");
  int status = 0;
  isthmus::probe::add_trace_command(app, status);
  isthmus::probe::add_daemon_commands(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "isthmus-probe: a bug, please report it: %s\n", error.what());
    return 70;
  }
}
