#include "core/net/prefix.hpp"

#include <charconv>

namespace isthmus {

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto address = IpAddress::parse(text.substr(0, slash));
  unsigned length = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data() + slash + 1, last, length);
  if (!address || error != std::errc{} || end != last || length > address_bits(address->family())) {
    return std::nullopt;
  }
  const Prefix prefix = covering(*address, length);
  return prefix.address() == *address ? std::optional{prefix} : std::nullopt;
}

void Prefix::append_to(std::string& text) const {
  address_.append_to(text);
  text += '/';
  text += std::to_string(length_);
}

std::string Prefix::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

}  // namespace isthmus
