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

/// How deep the text is nested at a place outside of strings and comments.
class Nesting {
 public:
  void see(char each) {
    if (each == '[' || each == '{') {
      ++depth_;
    } else if ((each == ']' || each == '}') && depth_ > 0) {
      --depth_;
    } else if (each == '.') {
      ++dots_;
    } else if (each == ',' || each == '=' || each == '\n') {
      dots_ = 0;
    }
  }
  [[nodiscard]] bool exceeds(std::size_t limit) const { return depth_ > limit || dots_ >= limit; }

 private:
  std::size_t depth_ = 0;
  std::size_t dots_ = 0;
};

}  // namespace

std::optional<Excess> find_excess(std::string_view text, std::size_t limit) {
  std::size_t line = 1;
  Nesting nesting;
  for (std::size_t i = 0; i < text.size();) {
    const char each = text[i];
    std::size_t end = i + 1;
    if (each == '#') {
      end = std::min(text.find('\n', i), text.size());
    } else if (each == '"' || each == '\'') {
      end = skip_string(text, i);
    } else {
      nesting.see(each);
    }
    if (nesting.exceeds(limit)) {
      return Excess{line, "tables or lists are nested too deeply"};
    }
    const std::string_view passed = text.substr(i, end - i);
    line += static_cast<std::size_t>(std::count(passed.begin(), passed.end(), '\n'));
    i = end;
  }
  return std::nullopt;
}

}  // namespace isthmus
