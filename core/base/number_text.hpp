#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace isthmus {

/// Appends a number in decimal: what printing millions of routes spends its time on.
inline void append_number(std::string& text, std::uint64_t value) {
  char digits[20];
  const std::to_chars_result end = std::to_chars(digits, digits + sizeof digits, value);
  text.append(digits, end.ptr);
}

}  // namespace isthmus
