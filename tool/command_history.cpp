#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collector/record/csv.hpp"
#include "collector/record/event_json.hpp"
#include "tool/arguments.hpp"
#include "tool/command.hpp"
#include "tool/event_text.hpp"
#include "tool/output.hpp"
#include "tool/route_phases.hpp"

namespace isthmus::tool {
namespace {

struct HistoryOptions {
  HistoryArguments history;
  std::string format = "table";
  std::string type;
  std::string shortest = "60s";
};

/// Opens the history and reads the filter, or says why not.
std::unique_ptr<collector::History> open(const HistoryOptions& options,
                                         collector::HistoryFilter& filter, Outcome& outcome) {
  Result<collector::HistoryFilter> parsed = parse_filter(options.history);
  if (!parsed) {
    outcome.fail(Exit::Usage, parsed.error().message);
    return nullptr;
  }
  filter = *parsed;
  auto history = open_existing_history(options.history.folder);
  if (!history) {
    outcome.fail(Exit::Failed, history.error().message);
    return nullptr;
  }
  return std::move(*history);
}

void list_events(const HistoryOptions& options, Outcome& outcome) {
  std::optional<EventType> type;
  if (!options.type.empty() && !(type = parse_event_type(options.type))) {
    return outcome.fail(Exit::Usage, "--type " + options.type + ": there is no such event type");
  }
  collector::HistoryFilter filter;
  const auto history = open(options, filter, outcome);
  if (history == nullptr) {
    return;
  }
  Output output{outcome};
  if (options.format == "csv") {
    output.text() += collector::csv_header<Event>();
  }
  // The history cannot ask for a type, so its limit would count events that are not shown.
  std::uint64_t left = std::exchange(filter.limit, std::nullopt).value_or(UINT64_MAX);
  const Result<void> read = history->events(filter, [&](const Event& event) {
    if (type && event.type != *type) {
      return true;
    }
    if (options.format == "table") {
      output.text() += fmt::format("{}  ", event.id) + event_line(event);
    } else if (options.format == "csv") {
      collector::append_csv(output.text(), event);
    } else {
      collector::append_json(output.text(), event);
      output.text() += '\n';
    }
    output.spill();
    return --left > 0 && output.good();
  });
  if (!read) {
    outcome.fail(Exit::Failed, read.error().message);
  }
}

std::string phase_line(const RoutePhase& phase) {
  const auto whole = [](TimePoint time) {
    return format_utc(std::chrono::floor<std::chrono::seconds>(time));
  };
  const std::string span =
      phase.until ? format_duration(std::chrono::floor<std::chrono::seconds>(*phase.until) -
                                    std::chrono::floor<std::chrono::seconds>(phase.from))
                  : "";
  return fmt::format(
      "{:<20} {:<20}  {:<20}  {:>10}  {:<10} {:>9}  {:>3}\n", phase.prefix.to_string(),
      whole(phase.from), phase.until ? whole(*phase.until) : "(still)", span,
      phase.upstream ? phase.upstream->to_string() : "no route",
      phase.upstream
          ? fmt::format("{:.0f}-{:.0f} %", phase.lowest_share * 100, phase.highest_share * 100)
          : "",
      phase.groups);
}

void tabulate(const collector::History& history, const collector::HistoryFilter& filter,
              Duration shortest, Output& output, Outcome& outcome) {
  // A share is one of all vantage ASes, so all intervals are needed whatever phases are asked for.
  collector::HistoryFilter everything = filter;
  everything.upstream.reset();
  everything.limit.reset();
  std::vector<RouteInterval> intervals;
  const Result<void> read = history.intervals(everything, [&](const RouteInterval& interval) {
    intervals.push_back(interval);
    return true;
  });
  if (!read) {
    return outcome.fail(Exit::Failed, read.error().message);
  }
  output.text() += fmt::format("{:<20} {:<20}  {:<20}  {:>10}  {:<10} {:>9}  {:>3}\n", "prefix",
                               "from", "until", "for", "over", "share", "vantage ASes");
  std::uint64_t left = filter.limit.value_or(UINT64_MAX);
  for (const RoutePhase& phase :
       route_phases(std::move(intervals), {filter.from, filter.until}, shortest)) {
    if (left > 0 && (!filter.upstream || filter.upstream == phase.upstream)) {
      output.text() += phase_line(phase);
      --left;
    }
  }
}

void list_routes(const HistoryOptions& options, Outcome& outcome) {
  const std::optional<Duration> shortest = parse_duration(options.shortest);
  if (!shortest) {
    return outcome.fail(Exit::Usage, "--shortest " + options.shortest + ": write 60s or 5m");
  }
  collector::HistoryFilter filter;
  const auto history = open(options, filter, outcome);
  if (history == nullptr) {
    return;
  }
  Output output{outcome};
  if (options.format == "table") {
    return tabulate(*history, filter, *shortest, output, outcome);
  }
  if (options.format == "csv") {
    output.text() += collector::csv_header<RouteInterval>();
  }
  const Result<void> read = history->intervals(filter, [&](const RouteInterval& interval) {
    if (options.format == "csv") {
      collector::append_csv(output.text(), interval);
    } else {
      collector::append_json(output.text(), interval);
      output.text() += '\n';
    }
    output.spill();
    return output.good();
  });
  if (!read) {
    outcome.fail(Exit::Failed, read.error().message);
  }
}

void add_format(CLI::App& command, HistoryOptions& options) {
  command.add_option("--format", options.format, "table for people, ndjson or csv for machines")
      ->check(CLI::IsMember({"table", "ndjson", "csv"}));
  command.add_flag_callback(
      "--json", [&options] { options.format = "ndjson"; }, "The same as --format ndjson");
}

}  // namespace

void add_history_commands(CLI::App& app, Outcome& outcome) {
  auto events = std::make_shared<HistoryOptions>();
  CLI::App* const list = app.add_subcommand("events", "List the events of a history");
  events->history.add_to(*list, true);
  list->add_option("--type", events->type, "Only of this type, as upstream_new");
  add_format(*list, *events);
  list->footer(
      "Example:\n  isthmusctl events --history history --type upstream_new --format ndjson");
  list->callback([events, &outcome] { list_events(*events, outcome); });

  auto routes = std::make_shared<HistoryOptions>();
  CLI::App* const table =
      app.add_subcommand("routes", "Tell who carried a prefix, or a target, and when");
  routes->history.add_to(*table, true);
  add_format(*table, *routes);
  table->add_option("--shortest", routes->shortest,
                    "Phases of the table that are shorter are path exploration, and left out");
  table->footer(
      "The table has a line for each time in which most vantage ASes went over one upstream, cut\n"
      "to --from and --until;\n"
      "ndjson and csv have one for every route of every vantage point.\n"
      "Example:\n  isthmusctl routes --history history --prefix 175.45.178.0/24");
  table->callback([routes, &outcome] { list_routes(*routes, outcome); });
}

}  // namespace isthmus::tool
