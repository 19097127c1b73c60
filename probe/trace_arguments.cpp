#include "probe/trace_arguments.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <span>

#include <CLI/CLI.hpp>
#include <netdb.h>

namespace isthmus::probe {
namespace {

/// An address as it is; a name by the resolver, which is asked for nothing else.
Result<IpAddress> resolve(const std::string& text, const TraceArguments& arguments) {
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

void add_output_options(CLI::App& command, TraceArguments& arguments) {
  command.add_flag("--json", arguments.json,
                   "One JSON object a trace, with everything that is known");
  command.add_option("--format", arguments.format_name, "json is our own, atlas RIPE Atlas's")
      ->check(CLI::IsMember({"table", "json", "atlas", "scamper", "warts"}));
  CLI::Option* const origins = command.add_option(
      "--origins", arguments.origins_path,
      "Origin table, to name networks: CAIDA's pfx2as, start,end,asn or prefix,asn; or gzipped");
  command
      .add_option("--as-names", arguments.names_path,
                  "Names of ASes: RIPE's asn.txt, CSV, or CAIDA's as2org; or gzipped")
      ->needs(origins);
  command.add_flag("--statistics", arguments.statistics,
                   "Say on standard error what was sent, answered, foreign and lost");
}

void add_trace_options(CLI::App& command, TraceArguments& arguments) {
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
      .add_flag("--revisit", arguments.options.revisit,
                "After the first of several --rounds, visit the known branches only, until one "
                "changes")
      ->needs(multipath);
  command
      .add_option("--confidence", arguments.confidence,
                  "Percent certainty, at each load balancer, to have seen all its branches")
      ->check(CLI::Range(50.0, 99.99))
      ->needs(multipath);
}

void add_network_options(CLI::App& command, TraceArguments& arguments) {
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
  command
      .add_option("--capture-buffer", arguments.ring_kib,
                  "KiB of memory in which the kernel keeps replies until they are read")
      ->check(CLI::Range(64, 1 << 20));
  CLI::Option* const only_v4 =
      command.add_flag("-4", arguments.only_v4, "Resolve names to IPv4 addresses");
  command.add_flag("-6", arguments.only_v6, "Resolve names to IPv6 addresses")->excludes(only_v4);
}

}  // namespace

// One destination a line; '#' begins a comment.
Result<std::vector<IpAddress>> read_targets(const TraceArguments& arguments) {
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

Result<bool> settle(TraceArguments& arguments) {
  static const std::map<std::string, ProbeMethod> methods{{"udp", ProbeMethod::Udp},
                                                          {"icmp", ProbeMethod::Icmp},
                                                          {"tcp", ProbeMethod::TcpSyn},
                                                          {"tcp-ack", ProbeMethod::TcpAck}};
  static const std::map<std::string, TraceFormat> formats{{"table", TraceFormat::Table},
                                                          {"json", TraceFormat::Ndjson},
                                                          {"atlas", TraceFormat::Atlas},
                                                          {"scamper", TraceFormat::Scamper},
                                                          {"warts", TraceFormat::Warts}};
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
  capture.ring_bytes = arguments.ring_kib * 1024;
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
  if (arguments.json && arguments.format == TraceFormat::Table) {
    arguments.format = TraceFormat::Ndjson;
  }
  return true;
}

TraceContext context_of(const TracerOptions& options) {
  return {.attempts = options.trace.attempts,
          .first_ttl = options.trace.first_ttl,
          .max_ttl = options.trace.max_ttl,
          .gap_limit = options.trace.gap_limit,
          .wait_seconds = to_seconds(options.trace.timeout)};
}

void add_trace_arguments(CLI::App& command, TraceArguments& arguments) {
  command.add_option("DEST", arguments.destinations, "Addresses or host names");
  command.add_option("-t,--targets-file", arguments.targets_file,
                     "File of destinations, one a line; - is standard input");
  add_trace_options(command, arguments);
  add_network_options(command, arguments);
  add_output_options(command, arguments);
}

}  // namespace isthmus::probe
