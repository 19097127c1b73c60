#include "core/base/text_lines.hpp"

#include <algorithm>
#include <string>

namespace isthmus {
namespace {

constexpr std::size_t kErrorsKept = 10;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

void LineAccount::refuse(std::string_view reason) {
  ++refused;
  if (first_errors.size() < kErrorsKept) {
    first_errors.push_back(Error{std::string{reason}}.within("line " + std::to_string(lines)));
  }
}

LineReader::LineReader(std::string_view text, LineAccount& account)
    : rest_{text},
      account_{account} {
  account_.bytes += text.size();
  if (rest_.starts_with(kByteOrderMark)) {
    rest_.remove_prefix(kByteOrderMark.size());
  }
}

std::optional<std::string_view> LineReader::next() {
  if (rest_.empty()) {
    return std::nullopt;
  }
  const std::size_t end = std::min(rest_.find('\n'), rest_.size());
  std::string_view line = rest_.substr(0, end);
  rest_.remove_prefix(std::min(end + 1, rest_.size()));
  if (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  ++account_.lines;
  return line;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool is_comment(std::string_view line) {
  const std::string_view text = trim(line);
  return text.empty() || text.front() == '#';
}

std::string_view take_field(std::string_view& rest, char separator) {
  std::size_t end = 0;
  std::string_view field;
  if (rest.starts_with('"')) {
    end = 1;
    while (end < rest.size() && (rest[end] != '"' || rest.substr(end + 1).starts_with('"'))) {
      end += rest[end] == '"' ? 2U : 1U;
    }
    field = rest.substr(1, std::min(end, rest.size()) - 1);
    end = std::min(rest.find(separator, end), rest.size());
  } else {
    end = std::min(rest.find(separator), rest.size());
    field = rest.substr(0, end);
  }
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

}  // namespace isthmus
