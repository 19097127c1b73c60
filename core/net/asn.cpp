#include "core/net/asn.hpp"

#include <charconv>

namespace isthmus {
namespace {

std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t highest) {
  std::uint32_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc{} || end != last || value > highest) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::optional<Asn> Asn::parse(std::string_view text) {
  if (text.size() > 2 && (text[0] | 0x20) == 'a' && (text[1] | 0x20) == 's') {
    text.remove_prefix(2);
  }
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    const auto high = parse_number(text.substr(0, dot), 0xffff);
    const auto low = parse_number(text.substr(dot + 1), 0xffff);
    return high && low ? std::optional{Asn{*high << 16 | *low}} : std::nullopt;
  }
  const auto value = parse_number(text, 0xffffffff);
  return value ? std::optional{Asn{*value}} : std::nullopt;
}

std::string Asn::to_string() const {
  return "AS" + std::to_string(value);
}

bool Asn::is_reserved() const {
  return value == 0 || value == kAsTrans.value || (value >= 64496 && value <= 131071) ||
         value >= 4200000000U;
}

}  // namespace isthmus
