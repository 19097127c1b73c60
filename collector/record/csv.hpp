#pragma once

#include <string>

#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// Append a line of CSV (RFC 4180: CRLF, quotes doubled) with the members of the JSON form as
/// columns: those of a nested object stand flat ("upstream_asn"), a list is its JSON text, what is
/// null is an empty field. The first line names the columns.
void append_csv(std::string& out, const Event& event);
void append_csv(std::string& out, const Observation& observation);
void append_csv(std::string& out, const RouteInterval& interval);

/// The line of the columns' names for Event, Observation or RouteInterval.
template <typename T>
std::string csv_header();
template <>
std::string csv_header<Event>();
template <>
std::string csv_header<Observation>();
template <>
std::string csv_header<RouteInterval>();

}  // namespace isthmus::collector
