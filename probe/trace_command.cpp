#include "probe/trace_command.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "core/runtime/sandbox.hpp"
#include "probe/output/network_names.hpp"
#include "probe/trace/tracer.hpp"
#include "probe/trace_arguments.hpp"
#include "probe/trace_printer.hpp"

namespace isthmus::probe {
namespace {

int say(int status, const std::string& message) {
  std::fprintf(stderr, "isthmus-probe: %s\n", message.c_str());
  return status;
}

void say_statistics(const TraceCounters& counters) {
  const EngineCounters& engine = counters.engine;
  std::fprintf(
      stderr,
      "isthmus-probe: %llu traces, %llu probe packets, %llu answered, %llu timed out; replies: "
      "%llu duplicate, %llu late, %llu foreign, %llu guessed; capture dropped %llu; %llu met a "
      "full queue\n",
      static_cast<unsigned long long>(engine.traces), static_cast<unsigned long long>(engine.sent),
      static_cast<unsigned long long>(engine.answered),
      static_cast<unsigned long long>(engine.timed_out),
      static_cast<unsigned long long>(engine.duplicates),
      static_cast<unsigned long long>(engine.late),
      static_cast<unsigned long long>(counters.foreign),
      static_cast<unsigned long long>(engine.never_sent),
      static_cast<unsigned long long>(counters.capture.dropped),
      static_cast<unsigned long long>(counters.send_busy));
}

/// Says what made traces fail or answers disappear; false if anything did.
bool say_losses(const TraceCounters& counters) {
  if (counters.unresolved != 0) {
    say(1, std::to_string(counters.unresolved) +
               " traces failed: no route to the target, or its gateway does not answer (ip route "
               "get)");
  }
  if (counters.send_refused != 0) {
    say(1, std::to_string(counters.send_refused) + " traces failed: the kernel refused a packet");
  }
  if (counters.capture.dropped != 0) {
    say(1,
        std::to_string(counters.capture.dropped) +
            " packets were lost in the capture: silence in these traces may be ours; lower --rate");
  }
  if (counters.capture_errors != 0) {
    say(1,
        "the interface that is captured on was down or went away: silence in these traces may "
        "be ours");
  }
  return counters.unresolved + counters.send_refused + counters.capture.dropped +
             counters.capture_errors ==
         0;
}

/// Says which lines of a file were not understood; false if there were any.
bool say_refused(const std::string& path, const LineAccount& account) {
  if (account.lossy()) {
    say(1, path + ": " + account.first_errors.front().message + "; " +
               std::to_string(account.refused) + " of " + std::to_string(account.lines) +
               " lines were left out");
  }
  return !account.lossy();
}

/// Traces, prints, and says what was lost; the exit status.
int run(const TraceArguments& arguments, const std::vector<IpAddress>& targets,
        const NetworkNames* names) {
  const auto tracer = Tracer::open(arguments.options);
  if (!tracer) {
    return say(3, tracer.error().message);
  }
  // A kernel without seccomp runs us as well, without capabilities.
  const auto confined =
      drop_capabilities().and_then([](bool) { return confine({SandboxRoom::Datagrams}); });
  if (!confined) {
    return say(3, confined.error().message);
  }
  TracePrinter printer{arguments, targets, names};
  const bool whole = (*tracer)->run(
      targets, [&](unsigned, const std::vector<Traceroute>& traces) { printer.print(traces); },
      [&](unsigned, const IpAddress&, CellKey key, const Reply& reply) {
        printer.answer(key, reply);
      });
  if (!printer.finish()) {
    return say(3, std::string{"standard output: "} + std::strerror(errno));
  }
  const TraceCounters counters = (*tracer)->counters();
  if (arguments.statistics) {
    say_statistics(counters);
  }
  const bool lossless = say_losses(counters);
  return whole && lossless && printer.failed() == 0 ? 0 : 1;
}

int trace(TraceArguments& arguments) {
  if (const auto settled = settle(arguments); !settled) {
    return say(2, settled.error().message);
  }
  const auto targets = read_targets(arguments);
  if (!targets) {
    return say(2, targets.error().message);
  }
  if (targets->empty()) {
    return say(2, "nothing to trace: name a destination, or a file of them with --targets-file");
  }
  std::optional<LoadedNames> names;
  bool whole = true;
  if (!arguments.origins_path.empty()) {
    auto loaded = load_network_names(arguments.origins_path, arguments.names_path);
    if (!loaded) {
      return say(2, loaded.error().message);
    }
    whole = say_refused(arguments.origins_path, loaded->origins) && whole;
    whole = say_refused(arguments.names_path, loaded->as_names) && whole;
    names = std::move(*loaded);
  }
  const int status = run(arguments, *targets, names ? &names->names : nullptr);
  return status == 0 && !whole ? 1 : status;
}

}  // namespace

void add_trace_command(CLI::App& app, int& status) {
  auto arguments = std::make_shared<TraceArguments>();
  CLI::App* const command = app.add_subcommand(
      "trace",
      "Find the routers on the way to destinations. All packets of a trace look alike to load\n"
      "balancers (Paris traceroute), so that no path is shown that no packet takes.");
  command->option_defaults()->always_capture_default();
  add_trace_arguments(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  isthmus-probe trace 192.0.2.1                      one path, for people\n"
      "  isthmus-probe trace 192.0.2.1 --rounds 100 --origins pfx2as.gz --as-names asn.txt\n"
      "                                                     live, with the names of networks\n"
      "  isthmus-probe trace --protocol tcp --port 443 --multipath example.net\n"
      "  isthmus-probe trace --targets-file list --rate 500 --json > traces.ndjson\n"
      "  isthmus-probe trace --targets-file list --format warts > traces.warts\n"
      "\n"
      "Needs CAP_NET_RAW, which is dropped as soon as the sockets are open:\n"
      "  setcap cap_net_raw+ep /usr/bin/isthmus-probe\n"
      "Exit status: 0 all were traced, 1 some could not be or replies were lost, 2 the command "
      "line\n"
      "is wrong, 3 nothing could be done.");
  command->callback([arguments, &status] { status = trace(*arguments); });
}

}  // namespace isthmus::probe
