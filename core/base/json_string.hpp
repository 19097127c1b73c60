#pragma once

#include <string>
#include <string_view>

namespace isthmus {

/// Appends a text as a JSON string, quotes included (RFC 8259 section 7). Bytes that are no UTF-8
/// become U+FFFD, so that the result is always valid.
void append_json_string(std::string& text, std::string_view value);

}  // namespace isthmus
