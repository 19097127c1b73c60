#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "tool/command.hpp"
#include "tool/output.hpp"
#include "tool/scenario.hpp"

namespace isthmus::tool {
namespace {

struct SimulateOptions {
  std::string scenario;
  std::string output;
};

void simulate(const SimulateOptions& options, Outcome& outcome) {
  const Result<Scenario> scenario = load_scenario(options.scenario);
  if (!scenario) {
    return outcome.fail(Exit::Usage, scenario.error().message);
  }
  const Result<void> written = write_archives(*scenario, options.output);
  if (!written) {
    return outcome.fail(Exit::Failed, written.error().message);
  }
  Output output{outcome};
  for (const std::string& name : archive_names(*scenario)) {
    output.text() += options.output + '/' + name + '\n';
  }
}

}  // namespace

void add_simulate_command(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<SimulateOptions>();
  CLI::App* const command =
      app.add_subcommand("simulate", "Turn a declared timeline into MRT archives");
  command->add_option("SCENARIO", options->scenario, "A TOML file; docs/reference/scenario.md")
      ->required();
  command->add_option("-o,--output", options->output, "The folder for the archives")->required();
  command->footer(
      "The same scenario gives the same bytes. The names of the files written are printed.\n"
      "Example:\n  isthmusctl simulate tests/scenario/star-jv-2017.toml --output archives");
  command->callback([options, &outcome] { simulate(*options, outcome); });
}

}  // namespace isthmus::tool
