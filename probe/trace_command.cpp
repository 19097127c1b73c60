#include "probe/trace_command.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <netdb.h>

#include "core/runtime/sandbox.hpp"
#include "probe/output/trace_text.hpp"
#include "probe/output/warts_writer.hpp"
#include "probe/trace/tracer.hpp"

namespace isthmus::probe {
namespace {

enum class Format : std::uint8_t { Table, Ndjson, Atlas, Scamper, Warts };

struct Arguments {
  std::vector<std::string> destinations;
  std::string targets_file;
  std::string protocol = "udp";
  bool json = false;
  std::string format_name = "table";
  Format format = Format::Table;
  bool multipath = false;
  double confidence = 95;
  bool only_v4 = false;
  bool only_v6 = false;
  double timeout = 1;
  int port = 0;
  int first_ttl = 1;
  int max_ttl = 32;
  int attempts = 2;
  int gap_limit = 5;
  int flow = 0;
  std::vector<std::string> sources;
  bool statistics = false;
  TracerOptions options;
};

int say(int status, const std::string& message) {
  std::fprintf(stderr, "isthmus-probe: %s\n", message.c_str());
  return status;
}

/// An address as it is; a name by the resolver, which is asked for nothing else.
Result<IpAddress> resolve(const std::string& text, const Arguments& arguments) {
  if (const auto address = IpAddress::parse(text)) {
    return *address;
  }
  addrinfo hints{};
  hints.ai_family = arguments.only_v4 ? AF_INET : arguments.only_v6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (const int status = getaddrinfo(text.c_str(), nullptr, &hints, &found); status != 0) {
    return fail("'" + text +
                "' is no address, and no name that can be resolved: " + gai_strerror(status));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner{found, &freeaddrinfo};
  if (found->ai_family == AF_INET) {
    sockaddr_in address{};
    std::memcpy(&address, found->ai_addr, sizeof address);
    return IpAddress::from_bytes(Family::Ipv4, std::as_bytes(std::span{&address.sin_addr, 1}));
  }
  sockaddr_in6 address{};
  std::memcpy(&address, found->ai_addr, sizeof address);
  return IpAddress::from_bytes(Family::Ipv6, std::as_bytes(std::span{&address.sin6_addr, 1}));
}

/// One destination a line; '#' begins a comment.
Result<std::vector<IpAddress>> read_targets(const Arguments& arguments) {
  std::vector<IpAddress> targets;
  for (const std::string& each : arguments.destinations) {
    const auto address = resolve(each, arguments);
    if (!address) {
      return unexpected{address.error()};
    }
    targets.push_back(*address);
  }
  if (arguments.targets_file.empty()) {
    return targets;
  }
  std::ifstream file;
  if (arguments.targets_file != "-") {
    file.open(arguments.targets_file);
    if (!file) {
      return fail(arguments.targets_file + ": cannot be read: " + std::strerror(errno));
    }
  }
  std::istream& input = arguments.targets_file == "-" ? std::cin : file;
  std::size_t number = 0;
  for (std::string line; std::getline(input, line);) {
    ++number;
    line.erase(std::min(line.find('#'), line.size()));
    line.erase(0, line.find_first_not_of(" \t\r"));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (line.empty()) {
      continue;
    }
    const auto address = resolve(line, arguments);
    if (!address) {
      return unexpected{
          address.error().within(arguments.targets_file + ':' + std::to_string(number))};
    }
    targets.push_back(*address);
  }
  return targets;
}

TraceContext context_of(const TracerOptions& options) {
  return {.attempts = options.trace.attempts,
          .first_ttl = options.trace.first_ttl,
          .max_ttl = options.trace.max_ttl,
          .gap_limit = options.trace.gap_limit,
          .wait_seconds = to_seconds(options.trace.timeout)};
}

TimePoint wall_now() {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

/// Writes traces to standard output as they finish.
class Printer {
 public:
  Printer(Format format, const TraceContext& context) : format_{format}, context_{context} {
    if (format_ == Format::Warts) {
      append_warts_start(text_, wall_now());
    }
  }
  void print(const std::vector<Traceroute>& traces) {
    for (const Traceroute& trace : traces) {
      failed_ += trace.stop == StopReason::Error ? 1U : 0U;
      switch (format_) {
        case Format::Table:
          append_table(text_, trace);
          break;
        case Format::Ndjson:
          append_ndjson(text_, trace);
          break;
        case Format::Atlas:
          append_atlas(text_, trace);
          break;
        case Format::Scamper:
          append_scamper(text_, trace, context_);
          break;
        case Format::Warts:
          append_warts(text_, trace, context_);
          break;
      }
    }
    // A terminal or a pipe to another program shall see each trace at once.
    if (is_interactive_ || text_.size() > 65'536) {
      flush();
    }
  }
  /// False if standard output could not take everything.
  bool finish() {
    if (format_ == Format::Warts) {
      append_warts_stop(text_, wall_now());
    }
    flush();
    return std::fflush(stdout) == 0 && good_;
  }
  [[nodiscard]] unsigned failed() const { return failed_; }

 private:
  void flush() {
    good_ = std::fwrite(text_.data(), 1, text_.size(), stdout) == text_.size() && good_;
    std::fflush(stdout);
    text_.clear();
  }

  Format format_;
  TraceContext context_;
  std::string text_;
  bool is_interactive_ = isatty(STDOUT_FILENO) != 0;
  bool good_ = true;
  unsigned failed_ = 0;
};

void say_statistics(const TraceCounters& counters) {
  const EngineCounters& engine = counters.engine;
  std::fprintf(
      stderr,
      "isthmus-probe: %llu traces, %llu probe packets, %llu answered, %llu timed out; replies: "
      "%llu duplicate, %llu late, %llu foreign, %llu guessed; capture dropped %llu\n",
      static_cast<unsigned long long>(engine.traces), static_cast<unsigned long long>(engine.sent),
      static_cast<unsigned long long>(engine.answered),
      static_cast<unsigned long long>(engine.timed_out),
      static_cast<unsigned long long>(engine.duplicates),
      static_cast<unsigned long long>(engine.late),
      static_cast<unsigned long long>(counters.foreign),
      static_cast<unsigned long long>(engine.never_sent),
      static_cast<unsigned long long>(counters.capture.dropped));
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
  return counters.unresolved + counters.send_refused + counters.capture.dropped == 0;
}

/// Moves the numbers of the command line to where the engine wants them.
Result<bool> settle(Arguments& arguments) {
  static const std::map<std::string, ProbeMethod> methods{{"udp", ProbeMethod::Udp},
                                                          {"icmp", ProbeMethod::Icmp},
                                                          {"tcp", ProbeMethod::TcpSyn},
                                                          {"tcp-ack", ProbeMethod::TcpAck}};
  static const std::map<std::string, Format> formats{{"table", Format::Table},
                                                     {"json", Format::Ndjson},
                                                     {"atlas", Format::Atlas},
                                                     {"scamper", Format::Scamper},
                                                     {"warts", Format::Warts}};
  TracerOptions& options = arguments.options;
  const ProbeMethod method = methods.at(arguments.protocol);
  arguments.format = formats.at(arguments.format_name);
  options.network.format.method = method;
  const bool is_tcp = method == ProbeMethod::TcpSyn || method == ProbeMethod::TcpAck;
  options.network.format.destination_port =
      static_cast<std::uint16_t>(arguments.port != 0 ? arguments.port
                                 : is_tcp            ? 80
                                                     : 33434);
  TraceOptions& trace = options.trace;
  trace.first_ttl = static_cast<std::uint8_t>(arguments.first_ttl);
  trace.max_ttl = static_cast<std::uint8_t>(arguments.max_ttl);
  trace.attempts = static_cast<std::uint8_t>(arguments.attempts);
  trace.gap_limit = static_cast<std::uint8_t>(arguments.gap_limit);
  trace.flow = static_cast<std::uint16_t>(arguments.flow);
  trace.timeout = Duration{static_cast<Duration::rep>(arguments.timeout * 1e6)};
  if (trace.first_ttl > trace.max_ttl) {
    return fail("--first-ttl is above --max-ttl");
  }
  CaptureOptions& capture = options.network.capture;
  capture.one_format = true;
  capture.flows =
      static_cast<std::uint16_t>(arguments.multipath ? trace.multipath_flows : trace.flow + 1);
  if (arguments.multipath) {
    trace.multipath_failure = 1 - arguments.confidence / 100;
  }
  for (const std::string& each : arguments.sources) {
    const auto address = IpAddress::parse(each);
    if (!address) {
      return fail("--source: '" + each + "' is no address");
    }
    (address->is_v4() ? options.network.source_v4 : options.network.source_v6) = *address;
  }
  if (arguments.json && arguments.format == Format::Table) {
    arguments.format = Format::Ndjson;
  }
  return true;
}

int trace(Arguments& arguments) {
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
  Printer printer{arguments.format, context_of(arguments.options)};
  const bool whole = (*tracer)->run(
      *targets, [&](unsigned, const std::vector<Traceroute>& traces) { printer.print(traces); },
      {});
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

void add_output_options(CLI::App& command, Arguments& arguments) {
  command.add_flag("--json", arguments.json,
                   "One JSON object a trace, with everything that is known");
  command.add_option("--format", arguments.format_name, "json is our own, atlas RIPE Atlas's")
      ->check(CLI::IsMember({"table", "json", "atlas", "scamper", "warts"}));
  command.add_flag("--statistics", arguments.statistics,
                   "Say on standard error what was sent, answered, foreign and lost");
}

void add_trace_options(CLI::App& command, Arguments& arguments) {
  command.add_option("-P,--protocol", arguments.protocol, "tcp sends a SYN")
      ->check(CLI::IsMember({"udp", "icmp", "tcp", "tcp-ack"}));
  command.add_option("-p,--port", arguments.port, "Destination port [33434; tcp: 80]")
      ->check(CLI::Range(1, 65'535));
  command.add_option("-f,--first-ttl", arguments.first_ttl, "TTL to begin with")
      ->check(CLI::Range(1, static_cast<int>(kMaxTtl)));
  command.add_option("-m,--max-ttl", arguments.max_ttl, "Highest TTL")
      ->check(CLI::Range(1, static_cast<int>(kMaxTtl)));
  command.add_option("-q,--attempts", arguments.attempts, "Probe packets to a silent hop")
      ->check(CLI::Range(1, 8));
  command
      .add_option("-g,--gap-limit", arguments.gap_limit, "Silent hops in a row that end a trace")
      ->check(CLI::Range(1, static_cast<int>(kMaxTtl)));
  command.add_option("-w,--timeout", arguments.timeout, "Seconds to wait for an answer")
      ->check(CLI::Range(0.01, 60.0));
  command
      .add_option("--flow", arguments.flow, "Paris flow identifier: another one, another branch")
      ->check(CLI::Range(0, kMaxFlows - 1));
  CLI::Option* const multipath = command.add_flag(
      "-M,--multipath", arguments.multipath,
      "Find all branches of load balancers (MDA); prints a trace for each flow that was used");
  command
      .add_option("--confidence", arguments.confidence,
                  "Percent certainty, at each load balancer, to have seen all its branches")
      ->check(CLI::Range(50.0, 99.99))
      ->needs(multipath);
}

void add_network_options(CLI::App& command, Arguments& arguments) {
  TracerOptions& options = arguments.options;
  command
      .add_option("-r,--rate", options.network.rate,
                  "Probe packets a second, over all destinations")
      ->check(CLI::Range(0.1, 1e7));
  command
      .add_option("--destination-rate", options.trace.destination_rate,
                  "Probe packets a second towards one destination; 0 for no limit")
      ->check(CLI::Range(0.0, 1e6));
  command.add_option("--rounds", options.rounds, "Trace everything so many times")
      ->check(CLI::Range(1, 1'000'000));
  command.add_option("-s,--source", arguments.sources, "Address to send from; one for each family")
      ->allow_extra_args(false);
  command.add_option("-i,--interface", options.network.capture.interface,
                     "Capture replies on this interface only");
  CLI::Option* const only_v4 =
      command.add_flag("-4", arguments.only_v4, "Resolve names to IPv4 addresses");
  command.add_flag("-6", arguments.only_v6, "Resolve names to IPv6 addresses")->excludes(only_v4);
}

}  // namespace

void add_trace_command(CLI::App& app, int& status) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* const command = app.add_subcommand(
      "trace",
      "Find the routers on the way to destinations. All packets of a trace look alike to load\n"
      "balancers (Paris traceroute), so that no path is shown that no packet takes.");
  command->option_defaults()->always_capture_default();
  command->add_option("DEST", arguments->destinations, "Addresses or host names");
  command->add_option("-t,--targets-file", arguments->targets_file,
                      "File of destinations, one a line; - is standard input");
  add_trace_options(*command, *arguments);
  add_network_options(*command, *arguments);
  add_output_options(*command, *arguments);
  command->footer(
      "Examples:\n"
      "  isthmus-probe trace 192.0.2.1                      one path, for people\n"
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
