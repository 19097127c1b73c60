#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collector/feed/merged_source.hpp"
#include "collector/label/labeller_files.hpp"
#include "collector/record/event_json.hpp"
#include "tool/account_text.hpp"
#include "tool/arguments.hpp"
#include "tool/command.hpp"
#include "tool/event_text.hpp"
#include "tool/interrupt.hpp"
#include "tool/output.hpp"
#include "tool/replay.hpp"

namespace isthmus::tool {
namespace {

struct ReplayOptions {
  std::string config;
  TargetArguments target;
  std::string history;
  std::vector<std::string> files;
  bool json = false;
  bool quiet = false;
};

Result<collector::Settings> settings_of(const ReplayOptions& options) {
  collector::Settings settings;
  if (!options.config.empty()) {
    Result<collector::Settings> loaded = collector::load_settings(options.config);
    if (!loaded) {
      return loaded;
    }
    settings = std::move(*loaded);
  }
  if (!options.target.target.empty()) {
    Result<collector::Target> target = parse_target(options.target);
    if (!target) {
      return unexpected{target.error()};
    }
    settings.targets.push_back(std::move(*target));
  }
  if (settings.targets.empty()) {
    return fail("nothing to watch: give --target AS131279 or --config.file FILE");
  }
  if (!options.history.empty()) {
    settings.history_folder = options.history;
  }
  if (!options.files.empty()) {
    settings.archives = options.files;
  }
  if (settings.archives.empty()) {
    return fail("nothing to read: name MRT archives or files of traceroutes");
  }
  return settings;
}

Result<collector::Labeller> labels_of(const collector::LabelSettings& settings) {
  collector::LabelFiles files;
  files.overrides = settings.override_files;
  files.pfx2as = settings.pfx2as;
  files.csv = settings.csv;
  files.as_names = settings.as_names;
  files.mmdb = settings.mmdb;
  files.ixps = settings.ixps;
  files.delegated = settings.delegated;
  files.countries = settings.countries;
  files.as_relationships = settings.as_relationships;
  files.as_cones = settings.as_cones;
  files.as_organisations = settings.as_organisations;
  files.siblings = settings.siblings;
  std::vector<std::unique_ptr<collector::RouteSource>> dumps;
  for (const std::string& path : settings.mrt) {
    auto dump = collector::open_mrt(path, {});
    if (!dump) {
      return unexpected{dump.error()};
    }
    dumps.push_back(std::move(*dump));
  }
  if (dumps.empty()) {
    return collector::load_labeller(files);
  }
  collector::MergedSource merged{std::move(dumps)};
  return collector::load_labeller(files, &merged);
}

/// The history to be added to; none if none is wanted.
Result<std::unique_ptr<collector::History>> history_of(const collector::Settings& settings) {
  if (settings.history_folder.empty()) {
    return std::unique_ptr<collector::History>{};
  }
  return collector::open_sqlite_history(settings.history_folder);
}

void warn_of_learning(const collector::Settings& settings) {
  for (const collector::Target& target : settings.targets) {
    if (target.known_upstreams.empty()) {
      say(
          fmt::format("{}: no upstream is known, so what the first {} of the archives show is "
                      "learned and no news; --known-upstream says what is known",
                      target.name, format_duration(settings.detector.learning)));
    }
  }
}

/// Says what became of the input; true if some of it was lost.
bool report(const Replay& replay, bool quiet) {
  bool lossy = false;
  for (const Replay::FileAccount& file : replay.accounts()) {
    lossy = lossy || file.account.lossy();
    if (!quiet || file.account.lossy()) {
      say(describe(file.path, file.account));
    }
  }
  return lossy;
}

void tell_stop(const Replay& run, const collector::Settings& settings, Outcome& outcome) {
  const std::optional<int> signal = Interrupt::signal();
  if (!signal) {
    return;  // nobody reads the events any more
  }
  const std::string until = format_utc(std::chrono::floor<std::chrono::seconds>(*run.stopped_at()));
  outcome.fail(*signal == SIGINT ? Exit::Interrupted : Exit::Terminated,
               fmt::format("stopped by {} at {} of the archives; {}",
                           *signal == SIGINT ? "SIGINT" : "SIGTERM", until,
                           settings.history_folder.empty()
                               ? "nothing was kept"
                               : "all until then is kept in " + settings.history_folder +
                                     ": run the same command again for the rest"));
}

void replay(const ReplayOptions& options, Outcome& outcome) {
  const Interrupt interrupt;
  const Result<collector::Settings> settings = settings_of(options);
  if (!settings) {
    return outcome.fail(Exit::Usage, settings.error().message);
  }
  Result<collector::Labeller> labels = labels_of(settings->labels);
  if (!labels) {
    return outcome.fail(Exit::Failed, labels.error().message);
  }
  auto history = history_of(*settings);
  if (!history) {
    return outcome.fail(Exit::Failed, history.error().message);
  }
  if (!options.quiet) {
    warn_of_learning(*settings);
  }
  Output output{outcome};
  const bool kept = *history != nullptr;
  const auto tell = [&](const Event& event) {
    if (options.json) {
      collector::append_json(output.text(), event);
      output.text() += '\n';
    } else {
      output.text() += event_line(event);
    }
    output.flush();
  };
  const auto stop = [&] { return Interrupt::signal() || (!kept && !output.good()); };
  Replay run{*settings, std::move(*labels), std::move(*history), tell, stop};
  const Result<void> done = run.run(settings->archives);
  if (done && run.stopped_at()) {
    return tell_stop(run, *settings, outcome);
  }
  const bool lossy = report(run, options.quiet);
  if (!done) {
    return outcome.fail(Exit::Failed, done.error().message);
  }
  if (!options.quiet) {
    say(fmt::format("{} events{}", run.events(),
                    settings->history_folder.empty() ? std::string{"; --history FOLDER keeps them"}
                                                     : ", kept in " + settings->history_folder));
  }
  outcome.settle(lossy ? Exit::Loss : Exit::Ok);
}

}  // namespace

void add_replay_command(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* const command = app.add_subcommand(
      "replay", "Run route archives through the detector, in their own time, and tell the events");
  command->add_option("FILE", options->files,
                      "MRT archives (plain, .gz, .bz2, .zst), tables and updates of any number of "
                      "route collectors, and files of traceroutes (RIPE Atlas or scamper JSON, "
                      "warts, the output of traceroute); they are merged by time");
  command->add_option("--config.file", options->config,
                      "Configuration with targets; `isthmusctl config generate` learns one");
  options->target.add_to(*command);
  command->add_option("--history", options->history,
                      "Keep events, routes and their evidence in this folder; running again adds "
                      "what is missing");
  command->add_flag("--json", options->json, "Events as NDJSON, with all of their evidence");
  command->add_flag("-q,--quiet", options->quiet,
                    "Nothing on standard error unless something is wrong");
  command->footer(
      "SIGINT and SIGTERM stop it cleanly (exit status 130 and 143); run again, it adds the rest.\n"
      "Example:\n"
      "  isthmusctl replay --target AS131279 --known-upstream AS4837 --history history \\\n"
      "      rib.20171001.0000.bz2 updates.20171001.*.bz2\n"
      "Then: isthmusctl explain last --history history");
  command->callback([options, &outcome] { replay(*options, outcome); });
}

}  // namespace isthmus::tool
