#include <filesystem>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collector/record/exporter.hpp"
#include "collector/record/verifier.hpp"
#include "tool/arguments.hpp"
#include "tool/command.hpp"
#include "tool/output.hpp"

namespace isthmus::tool {
namespace {

struct ExportOptions {
  HistoryArguments history;
  std::string format = "ndjson";
  std::string output;
};

void export_history(const ExportOptions& options, Outcome& outcome) {
  const Result<collector::HistoryFilter> filter = parse_filter(options.history);
  if (!filter) {
    return outcome.fail(Exit::Usage, filter.error().message);
  }
  const auto history = open_existing_history(options.history.folder);
  if (!history) {
    return outcome.fail(Exit::Failed, history.error().message);
  }
  const auto format = collector::parse_export_format(options.format);
  const auto manifest = collector::export_history(**history, *filter, *format, options.output);
  if (!manifest) {
    return outcome.fail(Exit::Failed, manifest.error().message);
  }
  for (const auto& file : manifest->files) {
    say(fmt::format("{}/{}: {} bytes, sha256 {}", options.output, file.name, file.digest.bytes,
                    file.digest.sha256));
  }
  say(fmt::format("{} events, {} routes, {} observations", manifest->events, manifest->routes,
                  manifest->observations));
  say(fmt::format("{}/manifest.json says what is in them; `isthmusctl verify {}` checks it",
                  options.output, options.output));
}

void verify(const std::string& folder, Outcome& outcome) {
  std::error_code code;
  const std::filesystem::path path{folder};
  const bool exported = std::filesystem::exists(path / "manifest.json", code);
  if (!exported && !std::filesystem::exists(path / "catalog.db", code)) {
    return outcome.fail(Exit::Failed, folder +
                                          ": is no export (no manifest.json in it) and no "
                                          "history (no catalog.db)");
  }
  const Result<collector::VerifyReport> report =
      exported ? collector::verify_export(folder) : collector::verify_history(folder);
  if (!report) {
    return outcome.fail(Exit::Failed, report.error().message);
  }
  for (const std::string& problem : report->problems) {
    say("isthmusctl: " + problem);
  }
  if (report->problems_untold > 0) {
    say(fmt::format("isthmusctl: {} more problems", report->problems_untold));
  }
  if (!report->ok()) {
    return outcome.fail(Exit::Loss, folder + ": is damaged");
  }
  Output output{outcome};
  output.text() += fmt::format("{}: {} events, {} routes, {} observations: all is well\n", folder,
                               report->events, report->routes, report->observations);
}

}  // namespace

void add_export_commands(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* const command = app.add_subcommand(
      "export", "Write events, routes and observations for research, with a manifest");
  options->history.add_to(*command, true);
  command->add_option("--format", options->format, "ndjson, csv or sqlite")
      ->check(CLI::IsMember({"ndjson", "csv", "sqlite"}));
  command->add_option("-o,--output", options->output, "A new folder")->required();
  command->footer(
      "The same history and filter give the same bytes. A folder of that name is whole, or it is\n"
      "not there.\n"
      "Example:\n  isthmusctl export --history history --target AS131279 --output export");
  command->callback([options, &outcome] { export_history(*options, outcome); });

  auto folder = std::make_shared<std::string>();
  CLI::App* const check =
      app.add_subcommand("verify", "Check a history, or an export against its manifest");
  check->add_option("FOLDER", *folder, "A history or an export")->required();
  check->footer(
      "Every mistake is told with its place; then the exit status is 1.\n"
      "Example:\n  isthmusctl verify export");
  check->callback([folder, &outcome] { verify(*folder, outcome); });
}

}  // namespace isthmus::tool
