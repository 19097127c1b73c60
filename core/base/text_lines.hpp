#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"

namespace isthmus {

/// What became of every line of a text: `used`, `passed` and `refused` add up to `lines`.
struct LineAccount {
  std::uint64_t bytes = 0;
  std::uint64_t lines = 0;
  std::uint64_t used = 0;
  std::uint64_t passed = 0;  ///< empty, a comment, a heading, or a range that is not routed
  std::uint64_t refused = 0;
  std::vector<Error> first_errors;  ///< the first ten refused lines, each with its number

  /// Whether something could not be understood, so that a program must say so.
  [[nodiscard]] bool lossy() const { return refused != 0; }
  /// Counts the line as refused. The reason must not quote the line: it may hold anything.
  void refuse(std::string_view reason);
};

/// The lines of a text one after the other, without their ends (LF or CRLF), counted.
class LineReader {
 public:
  LineReader(std::string_view text, LineAccount& account);

  /// The next line, or nothing at the end. The last one needs no line feed.
  std::optional<std::string_view> next();

 private:
  std::string_view rest_;
  LineAccount& account_;
};

/// Whether a line says nothing: only blanks, or a comment that begins with '#'.
bool is_comment(std::string_view line);

/// Without blanks and tabs at both ends.
std::string_view trim(std::string_view text);

/// Cuts the next field off the front of a line, up to the separator, which goes too. A field in
/// double quotes may hold the separator (RFC 4180); it is returned without the outer quotes, and a
/// doubled quote in it stays doubled. At the end of the line `rest` becomes empty.
std::string_view take_field(std::string_view& rest, char separator);

}  // namespace isthmus
