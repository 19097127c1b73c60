#pragma once

#include "collector/feed/json_row.hpp"
#include "collector/feed/trace_format.hpp"

namespace isthmus::collector {

/// Reads one result of a RIPE Atlas probe, of any firmware that wrote lists of hops (4400 and
/// later; the fields of the older ones are a part of today's). The vantage point is "atlas-PROBE"
/// with the public address that the result came from; its AS is not in the result.
///
/// Late answers and copies are left out, as they belong to no packet of their hop.
TraceRecord read_atlas_result(const JsonRow& row, const TraceFileOptions& options);

}  // namespace isthmus::collector
