#pragma once

#include <string>

#include "collector/feed/route_source.hpp"

namespace isthmus::tool {

/// What became of an input's bytes, for people: one line, and a line for each of the first errors.
std::string describe(const std::string& name, const collector::ByteAccount& account);

}  // namespace isthmus::tool
