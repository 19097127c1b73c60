#pragma once

#include <string>

#include "core/route/hop.hpp"
#include "probe/output/network_names.hpp"

namespace isthmus::probe {

/// What is written beside a trace in formats that ask for it.
struct TraceContext {
  std::uint8_t attempts = 2;
  std::uint8_t first_ttl = 1;
  std::uint8_t max_ttl = 32;
  std::uint8_t gap_limit = 5;
  double wait_seconds = 1;
};

/// One line of Isthmus's own NDJSON: all that is known, RTTs in milliseconds; with `names`, the
/// origins of each address.
void append_ndjson(std::string& text, const Traceroute& trace, const NetworkNames* names = nullptr);

/// One line as RIPE Atlas writes traceroute results (firmware 5000 and later); measurement and
/// probe ids are 0.
void append_atlas(std::string& text, const Traceroute& trace);

/// One line as sc_warts2json prints a scamper trace.
void append_scamper(std::string& text, const Traceroute& trace, const TraceContext& context);

/// For people: one line a hop, below a line that names the trace; with `names`, each address's
/// network.
void append_table(std::string& text, const Traceroute& trace, const NetworkNames* names = nullptr);

}  // namespace isthmus::probe
