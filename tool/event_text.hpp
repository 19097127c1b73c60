#pragma once

#include <string>

#include "core/route/event.hpp"

namespace isthmus::tool {

/// An event as a line for people: time, severity, type, what happened.
std::string event_line(const Event& event);

}  // namespace isthmus::tool
