#pragma once

#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// Appends one JSON object without a line feed, in the vocabulary of exports (detection.md e):
/// times are UTC text, durations whole microseconds (`rtt_us`), AS numbers are numbers, evidence
/// ids are sixteen hexadecimal digits. Doubles read back bit for bit, NaN and infinity as NaN. The
/// same value gives the same bytes.
void append_json(std::string& out, const Event& event);
void append_json(std::string& out, const Observation& observation);
void append_json(std::string& out, const RouteInterval& interval);

/// Reads what `append_json` writes. Members that are unknown are passed over; one that is missing
/// or of another kind, or a newer `schema_version`, is an error that names it.
Result<Event> parse_event(std::string_view text);
Result<Observation> parse_observation(std::string_view text);
Result<RouteInterval> parse_route_interval(std::string_view text);

}  // namespace isthmus::collector
