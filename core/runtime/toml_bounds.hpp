#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus {

/// A place in a text that nests too deeply.
struct Excess {
  std::size_t line = 0;  ///< from 1
  std::string message;
};

/// Looks through a TOML text, before it is parsed, for arrays and tables within each other and for
/// dotted keys with more than `limit` parts: toml++ does not bound the latter, and a tree of a
/// million levels would exhaust the stack of whoever walks it. Strings and comments are skipped as
/// TOML defines them; what is no TOML at all is left to the parser.
std::optional<Excess> find_excess(std::string_view text, std::size_t limit);

}  // namespace isthmus
