#pragma once

#include <string>
#include <string_view>

#include "collector/feed/mrt_element.hpp"

namespace isthmus::collector {

/// Appends an element as one line of JSON (NDJSON): keys are always in the same order, what is
/// absent is left out, times are RFC 3339 in UTC.
void append_json(std::string& text, const MrtElement& element);

}  // namespace isthmus::collector
