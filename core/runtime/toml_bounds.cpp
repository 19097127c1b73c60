#include "core/runtime/toml_bounds.hpp"

#include <algorithm>

namespace isthmus {
namespace {

/// Where the string that begins at `start` ends: behind its closing quotes, or where a string of
/// one line must have ended.
std::size_t skip_string(std::string_view text, std::size_t start) {
  const char quote = text[start];
  const std::string_view rest = text.substr(start);
  const std::string three(3, quote);
  const bool multi_line = rest.starts_with(three);
  std::size_t i = start + (multi_line ? 3 : 1);
  for (; i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"') {
      ++i;
    } else if (multi_line ? text.substr(i).starts_with(three) : text[i] == quote) {
      i += multi_line ? 3 : 1;
      // Up to two quotes may stand before the closing three: they belong to the string.
      while (multi_line && i < text.size() && text[i] == quote) {
        ++i;
      }
      return i;
    } else if (!multi_line && text[i] == '\n') {
      return i;
    }
  }
  return std::min(i, text.size());
}

}  // namespace

std::optional<Excess> find_excess(std::string_view text, std::size_t limit) {
  std::size_t line = 1;
  std::size_t depth = 0;
  std::size_t dots = 0;
  for (std::size_t i = 0; i < text.size();) {
    const char each = text[i];
    if (each == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    if (each == '"' || each == '\'') {
      const std::size_t end = skip_string(text, i);
      line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                                                  text.begin() + static_cast<std::ptrdiff_t>(end),
                                                  '\n'));
      i = end;
      continue;
    }
    if (each == '[' || each == '{') {
      ++depth;
    } else if ((each == ']' || each == '}') && depth > 0) {
      --depth;
    }
    dots = each == '.' ? dots + 1 : (each == ',' || each == '=' || each == '\n') ? 0 : dots;
    if (depth > limit || dots >= limit) {
      return Excess{line, "tables or lists are nested too deeply"};
    }
    line += each == '\n' ? 1 : 0;
    ++i;
  }
  return std::nullopt;
}

}  // namespace isthmus
