#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace isthmus::tool {

/// What is wrong with a command line that CLI11 has refused, for people: an unknown option or
/// command comes before what is missing, with the one that was probably meant, and the last line
/// names the help to read.
std::string describe_usage_error(const CLI::App& app, const CLI::ParseError& error);

}  // namespace isthmus::tool
