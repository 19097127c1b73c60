#include "core/base/json_string.hpp"

#include <cstdint>

namespace isthmus {
namespace {

/// Length of the UTF-8 sequence at the front (RFC 3629 section 4), or 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xc2 && first <= 0xdf) {
    return continues(1) ? 2 : 0;
  }
  if (first >= 0xe0 && first <= 0xef) {
    const bool fits = (first != 0xe0 || byte(1) >= 0xa0) && (first != 0xed || byte(1) <= 0x9f);
    return fits && continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool fits = (first != 0xf0 || byte(1) >= 0x90) && (first != 0xf4 || byte(1) <= 0x8f);
    return fits && continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

void append_escape(std::string& text, char value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto code = static_cast<unsigned char>(value);
  text += "\\u00";
  text += kDigits[code >> 4U];
  text += kDigits[code & 0xfU];
}

}  // namespace

void append_json_string(std::string& text, std::string_view value) {
  text += '"';
  while (!value.empty()) {
    const char first = value.front();
    const std::size_t length = utf8_length(value);
    if (length == 0) {
      text += "\\ufffd";
      value.remove_prefix(1);
      continue;
    }
    if (first == '"' || first == '\\') {
      text += '\\';
      text += first;
    } else if (first == '\n') {
      text += "\\n";
    } else if (static_cast<unsigned char>(first) < 0x20) {
      append_escape(text, first);
    } else {
      text += value.substr(0, length);
    }
    value.remove_prefix(length);
  }
  text += '"';
}

}  // namespace isthmus
