#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.hpp"
#include "probe/output/trace_text.hpp"
#include "probe/trace/tracer.hpp"

namespace CLI {
class App;
}

namespace isthmus::probe {

/// What `isthmus-probe trace` prints.
enum class TraceFormat : std::uint8_t { Table, Ndjson, Atlas, Scamper, Warts };

/// The command line of `isthmus-probe trace`.
struct TraceArguments {
  std::vector<std::string> destinations;
  std::string targets_file;
  std::string protocol = "udp";
  bool json = false;
  std::string format_name = "table";
  TraceFormat format = TraceFormat::Table;
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
  int ring_kib = 8192;
  std::string origins_path;
  std::string names_path;
  TracerOptions options;
};

/// Declares the options, which write into `arguments`; it must live as long as the command.
void add_trace_arguments(CLI::App& command, TraceArguments& arguments);

/// Moves what the command line said to where the engine wants it.
Result<bool> settle(TraceArguments& arguments);

/// The destinations of the command line and of the file, resolved.
Result<std::vector<IpAddress>> read_targets(const TraceArguments& arguments);

/// What the formats say of a run beside its traces.
TraceContext context_of(const TracerOptions& options);

}  // namespace isthmus::probe
