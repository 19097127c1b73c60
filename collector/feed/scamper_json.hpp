#pragma once

#include <string>

#include "collector/feed/json_row.hpp"
#include "collector/feed/trace_format.hpp"

namespace isthmus::collector {

/// What earlier records of scamper's say of later ones.
struct ScamperContext {
  std::string host;  ///< of the cycle
};

/// Reads one object of type "trace" as scamper's sc_warts2json and scamper itself write it. The
/// vantage point is the host of the cycle with the source address of the trace. Hops without an
/// address (M-Lab blanks some) count as silent.
TraceRecord read_scamper_trace(const JsonRow& row, const ScamperContext& context,
                               const TraceFileOptions& options);

/// "COMPLETED", "GAPLIMIT", ... and scamper's numbers for them in warts.
StopReason scamper_stop(std::string_view name);
StopReason scamper_stop(std::uint8_t number);

/// A host without a public address of its own is known by that of the options.
VantagePoint scamper_vantage(const ScamperContext& context, const IpAddress& source,
                             const TraceFileOptions& options);

}  // namespace isthmus::collector
