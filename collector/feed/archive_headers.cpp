#include "collector/feed/archive_headers.hpp"

#include <algorithm>
#include <charconv>

#include "core/base/bytes.hpp"

namespace isthmus::collector {
namespace {

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

}  // namespace

std::optional<std::uint64_t> read_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::string> read_sha256_digest(std::string_view header) {
  constexpr std::string_view kName = "sha-256=";
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  const auto found = std::search(header.begin(), header.end(), kName.begin(), kName.end(),
                                 [&](char left, char right) { return lower(left) == right; });
  if (found == header.end()) {
    return std::nullopt;
  }
  std::string_view text = header.substr(static_cast<std::size_t>(found - header.begin()));
  text.remove_prefix(kName.size());
  text.remove_prefix(text.starts_with(':') ? 1 : 0);
  std::string bytes;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) {
      break;
    }
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes += static_cast<char>(bits >> count & 0xff);
    }
  }
  constexpr std::size_t kDigest = 32;
  return bytes.size() == kDigest ? std::optional{to_hex(as_bytes(bytes))} : std::nullopt;
}

std::optional<ContentRange> read_content_range(std::string_view header) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t slash = header.find('/');
  if (!header.starts_with(kUnit) || slash == std::string_view::npos) {
    return std::nullopt;
  }
  const auto total = read_number(header.substr(slash + 1));
  const std::string_view range = header.substr(kUnit.size(), slash - kUnit.size());
  if (!total) {
    return std::nullopt;
  }
  if (range == "*") {
    return ContentRange{std::nullopt, *total};
  }
  const std::size_t dash = range.find('-');
  const auto first = read_number(range.substr(0, dash));
  if (!first || dash == std::string_view::npos || !read_number(range.substr(dash + 1))) {
    return std::nullopt;
  }
  return ContentRange{*first, *total};
}

}  // namespace isthmus::collector
