#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"

namespace isthmus::collector {

/// A TOML string: always on one line, with nothing that could end it early.
std::string toml_text(std::string_view text);
std::string toml_list(std::span<const std::string> texts);
template <typename T>
std::string toml_list_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const T& each : values) {
    texts.push_back(each.to_string());
  }
  return toml_list(texts);
}
/// A length of time that `parse_duration` reads: in the largest unit that leaves no rest.
std::string toml_duration(Duration value);
/// The shortest form that reads back to the same number; a whole one gets its point.
std::string toml_number(double value);
inline std::string toml_boolean(bool value) {
  return value ? "true" : "false";
}

/// Appends a key with its meaning as a comment before it.
void append_key(std::string& text, std::string_view meaning, std::string_view key,
                std::string_view value);

}  // namespace isthmus::collector
