#pragma once

#include <string>

#include "core/route/hop.hpp"
#include "probe/output/trace_text.hpp"

namespace isthmus::probe {

/// The records that a warts file begins with (scamper's warts(5)): one list and the start of one
/// cycle, which all traces belong to.
void append_warts_start(std::string& text, TimePoint start);
/// A trace record.
void append_warts(std::string& text, const Traceroute& trace, const TraceContext& context);
/// The stop of the cycle.
void append_warts_stop(std::string& text, TimePoint stop);

}  // namespace isthmus::probe
