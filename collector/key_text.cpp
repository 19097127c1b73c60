#include "collector/key_text.hpp"

#include <array>
#include <cstdint>
#include <iterator>

#include <fmt/format.h>

namespace isthmus::collector {

std::string toml_text(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) {
    const auto code = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      out += '\\';
      out += each;
    } else if (code < 0x20 || code == 0x7f) {
      out += fmt::format("\\u{:04X}", code);
    } else {
      out += each;
    }
  }
  return out + '"';
}

std::string toml_list(std::span<const std::string> texts) {
  std::string out = "[";
  for (const std::string& each : texts) {
    out += (out.size() == 1 ? "" : ", ") + toml_text(each);
  }
  return out + ']';
}

std::string toml_duration(Duration value) {
  struct Unit {
    std::int64_t length;
    std::string_view name;
  };
  constexpr std::array kUnits{Unit{86'400'000'000, "d"}, Unit{3'600'000'000, "h"},
                              Unit{60'000'000, "m"},     Unit{1'000'000, "s"},
                              Unit{1'000, "ms"},         Unit{1, "us"}};
  if (value.count() == 0) {
    return "\"0s\"";
  }
  // More than one of a unit, so that "60s" stays in seconds and "24h" in hours.
  for (const Unit& unit : kUnits) {
    if (value.count() % unit.length == 0 && value.count() / unit.length > 1) {
      return fmt::format("\"{}{}\"", value.count() / unit.length, unit.name);
    }
  }
  return fmt::format("\"{}us\"", value.count());
}

std::string toml_number(double value) {
  std::string text = fmt::format("{}", value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

void append_key(std::string& text, std::string_view meaning, std::string_view key,
                std::string_view value) {
  fmt::format_to(std::back_inserter(text), "# {}\n{} = {}\n", meaning, key, value);
}

}  // namespace isthmus::collector
