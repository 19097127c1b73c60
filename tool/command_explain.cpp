#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "collector/detect/explanation.hpp"
#include "collector/record/event_json.hpp"
#include "tool/arguments.hpp"
#include "tool/command.hpp"
#include "tool/output.hpp"

namespace isthmus::tool {
namespace {

struct ExplainOptions {
  HistoryArguments history;
  std::string event = "last";
  std::string type;
  bool json = false;
};

/// The event of that id, or the last one (of a type); nothing if there is none.
Result<std::optional<Event>> find_event(const ExplainOptions& options,
                                        std::optional<EventType> type,
                                        const collector::History& history) {
  if (options.event != "last") {
    return history.event(options.event);
  }
  std::optional<Event> last;
  const Result<void> read = history.events({}, [&](const Event& event) {
    if (!type || event.type == *type) {
      last = event;
    }
    return true;
  });
  if (!read) {
    return unexpected{read.error()};
  }
  return last;
}

void append_witnesses(std::string& text, const std::vector<Witness>& witnesses) {
  for (const Witness& witness : witnesses) {
    text += fmt::format("    {:<9} {:<16} since {}  grade {}  {:016x}\n      {:<42} -> {}\n",
                        witness.vantage.asn.to_string(), witness.vantage.source,
                        format_utc(std::chrono::floor<std::chrono::seconds>(witness.time)),
                        to_string(witness.grade), witness.evidence_id,
                        witness.path_before.empty() ? "(no route)" : witness.path_before,
                        witness.path_after.empty() ? "(no route)" : witness.path_after);
  }
}

void append_terms(std::string& text, const Event& event, const collector::Recomputation& again) {
  text += fmt::format("  score {:.3f} nats, confidence {:.2f}\n", event.score, event.confidence);
  for (const ScoreTerm& term : event.terms) {
    text += fmt::format("    {:<18} {:<10} {:+.3f}\n", term.name, term.subject, term.nats);
  }
  text +=
      again.matches
          ? "  computed again from the stored observations: the same, term by term\n"
          : fmt::format("  computed again from the stored observations: {:.6f}, WHICH DIFFERS\n",
                        again.score);
}

std::string describe(const Event& event, const collector::Recomputation& again) {
  std::string text =
      fmt::format("{}\n  {} {} ({}), {}\n  {}\n", event.id,
                  format_utc(std::chrono::floor<std::chrono::seconds>(event.time)),
                  to_string(event.type), to_string(event.severity), event.target, event.summary);
  text += fmt::format("  rule {}: {}\n", event.rule, collector::rule_text(event.rule));
  if (event.first_seen) {
    text += fmt::format(
        "  first seen {}, told {} later\n",
        format_utc(std::chrono::floor<std::chrono::seconds>(*event.first_seen)),
        format_duration(std::chrono::floor<std::chrono::seconds>(event.time - *event.first_seen)));
  }
  for (const PrefixChange& change : event.prefixes) {
    text += fmt::format("  {:<20} share {:.2f} -> {:.2f}\n", change.prefix.to_string(),
                        change.share_before, change.share_after);
  }
  if (event.upstream) {
    text += fmt::format(
        "  {}{} carries {:.0f} % of the space (5-95 %: {:.0f}-{:.0f} %), hegemony "
        "{:.2f}\n",
        event.upstream->to_string(), event.upstream_name.empty() ? "" : " " + event.upstream_name,
        event.share * 100, event.share_lower * 100, event.share_upper * 100, event.hegemony);
  }
  if (!event.terms.empty()) {
    append_terms(text, event, again);
  }
  if (!event.witnesses.empty()) {
    text += fmt::format("  {} witnesses\n", event.witnesses.size());
    append_witnesses(text, event.witnesses);
  }
  if (!event.counter_evidence.empty()) {
    text += fmt::format("  {} groups see only other upstreams\n", event.counter_evidence.size());
    append_witnesses(text, event.counter_evidence);
  }
  text += "  thresholds in force:";
  for (const NamedValue& value : event.thresholds) {
    text += fmt::format(" {}={}", value.name, value.value);
  }
  text += '\n';
  for (const NamedValue& value : event.dataset_versions) {
    text += fmt::format("  table {}: {}\n", value.name, value.value);
  }
  return text;
}

Result<collector::Recomputation> compute_again(const Event& event,
                                               const collector::History& history) {
  const auto evidence = [&](std::uint64_t id) -> std::optional<Observation> {
    const Result<std::optional<Observation>> found = history.observation(id);
    return found ? *found : std::nullopt;
  };
  const auto group_history = [&](Asn group) {
    collector::HistoryFilter filter;
    filter.target = event.target;
    std::vector<Observation> list;
    static_cast<void>(history.observations(filter, [&](const Observation& seen) {
      if (seen.vantage.plane == Plane::Data && seen.vantage.asn == group &&
          seen.time <= event.time) {
        list.push_back(seen);
      }
      return true;
    }));
    return list;
  };
  return collector::recompute(event, evidence, group_history);
}

void explain(const ExplainOptions& options, Outcome& outcome) {
  std::optional<EventType> type;
  if (!options.type.empty() && !(type = parse_event_type(options.type))) {
    return outcome.fail(Exit::Usage, "--type " + options.type + ": there is no such event type");
  }
  const auto history = open_existing_history(options.history.folder);
  if (!history) {
    return outcome.fail(Exit::Failed, history.error().message);
  }
  const Result<std::optional<Event>> found = find_event(options, type, **history);
  if (!found) {
    return outcome.fail(Exit::Failed, found.error().message);
  }
  const std::optional<Event>& event = *found;
  if (!event) {
    return outcome.fail(Exit::Usage, options.event + (type ? " " + options.type : "") +
                                         ": no such event; `isthmusctl events` lists them");
  }
  const Result<collector::Recomputation> again = compute_again(*event, **history);
  if (!again) {
    return outcome.fail(Exit::Failed, again.error().message);
  }
  Output output{outcome};
  if (options.json) {
    collector::append_json(output.text(), *event);
    output.text().pop_back();
    output.text() += fmt::format(",\"recomputed\":{{\"score\":{},\"matches\":{}}}}}\n",
                                 again->score, again->matches);
  } else {
    output.text() += describe(*event, *again);
  }
  if (!again->matches) {
    outcome.fail(Exit::Loss, "the stored observations do not give the stored score");
  }
}

}  // namespace

void add_explain_command(CLI::App& app, Outcome& outcome) {
  auto options = std::make_shared<ExplainOptions>();
  CLI::App* const command = app.add_subcommand(
      "explain", "Say why an event was told, and compute its score again from what is stored");
  command->add_option("EVENT", options->event, "The event's id, or `last`");
  options->history.add_to(*command, false);
  command->add_option("--type", options->type, "With `last`: the last of this type");
  command->add_flag("--json", options->json, "The event with all of its evidence, as JSON");
  command->footer("Example:\n  isthmusctl explain last --type upstream_new --history history");
  command->callback([options, &outcome] { explain(*options, outcome); });
}

}  // namespace isthmus::tool
