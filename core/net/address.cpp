#include "core/net/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace isthmus {
namespace {

std::uint64_t load_u64(const std::byte* bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes, sizeof value);
  return __builtin_bswap64(value);
}

void append_number(std::string& text, std::uint32_t value, int base) {
  std::array<char, 12> digits{};
  const char* end = std::to_chars(digits.begin(), digits.end(), value, base).ptr;
  text.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

void append_v4(std::string& text, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    append_number(text, value >> shift & 0xff, 10);
    if (shift != 0) {
      text += '.';
    }
  }
}

struct Run {
  std::size_t first = 8;
  std::size_t count = 0;
};

/// The first of the longest runs of zero groups, which "::" replaces (RFC 5952, section 4.2).
Run longest_zero_run(const std::array<std::uint16_t, 8>& groups) {
  Run best;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) {
      ++end;
    }
    if (end - i > best.count) {
      best = {i, end - i};
    }
  }
  return best.count >= 2 ? best : Run{};
}

void append_v6(std::string& text, std::uint64_t high, std::uint64_t low) {
  constexpr std::uint64_t kMapped = 0xffff;
  if (high == 0 && low >> 32 == kMapped) {  // RFC 5952, section 5
    text += "::ffff:";
    append_v4(text, static_cast<std::uint32_t>(low));
    return;
  }
  std::array<std::uint16_t, 8> groups{};
  for (std::size_t i = 0; i < 4; ++i) {
    groups[i] = static_cast<std::uint16_t>(high >> (48 - 16 * i));
    groups[i + 4] = static_cast<std::uint16_t>(low >> (48 - 16 * i));
  }
  const Run zeros = longest_zero_run(groups);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (i == zeros.first) {
      text += "::";
      i += zeros.count - 1;
      continue;
    }
    if (i != 0 && text.back() != ':') {
      text += ':';
    }
    append_number(text, groups[i], 16);
  }
}

}  // namespace

std::string_view to_string(Family family) {
  return family == Family::Ipv4 ? "ipv4" : "ipv6";
}

IpAddress IpAddress::from_bytes(Family family, Bytes bytes) {
  std::array<std::byte, 16> octets{};
  std::copy_n(bytes.begin(), std::min(bytes.size(), address_octets(family)), octets.begin());
  return {family, load_u64(octets.data()), load_u64(octets.data() + 8)};
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  if (text.size() >= copy.size() || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  std::copy(text.begin(), text.end(), copy.begin());
  std::array<std::byte, 16> octets{};
  const bool is_v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(is_v6 ? AF_INET6 : AF_INET, copy.data(), octets.data()) != 1) {
    return std::nullopt;
  }
  return from_bytes(is_v6 ? Family::Ipv6 : Family::Ipv4, octets);
}

std::array<std::byte, 16> IpAddress::octets() const {
  std::array<std::byte, 16> octets{};
  const std::uint64_t high = __builtin_bswap64(high_);
  const std::uint64_t low = __builtin_bswap64(low_);
  std::memcpy(octets.data(), &high, 8);
  std::memcpy(octets.data() + 8, &low, 8);
  return octets;
}

void IpAddress::append_to(std::string& text) const {
  if (is_v4()) {
    append_v4(text, v4_value());
  } else {
    append_v6(text, high_, low_);
  }
}

std::string IpAddress::to_string() const {
  std::string text;
  append_to(text);
  return text;
}

}  // namespace isthmus
