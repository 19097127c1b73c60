#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/bytes.hpp"
#include "core/base/hash.hpp"

namespace isthmus {

/// The IP version, with the numbers of the IANA address family registry, as BGP and MRT use them.
enum class Family : std::uint8_t { Ipv4 = 1, Ipv6 = 2 };

/// "ipv4" or "ipv6", as metrics and exports say it.
std::string_view to_string(Family family);

/// Bits of an address: 32 or 128.
constexpr unsigned address_bits(Family family) {
  return family == Family::Ipv4 ? 32 : 128;
}
/// Octets of an address: 4 or 16.
constexpr std::size_t address_octets(Family family) {
  return family == Family::Ipv4 ? 4 : 16;
}

/// An IPv4 or IPv6 address. The first bit of the address is the highest of `high()`, whatever the
/// family, so that prefixes of both are cut alike. IPv4 sorts before IPv6.
class IpAddress {
 public:
  /// The IPv4 address 0.0.0.0.
  constexpr IpAddress() = default;

  static constexpr IpAddress v4(std::uint32_t value) {
    return {Family::Ipv4, std::uint64_t{value} << 32, 0};
  }
  static constexpr IpAddress v6(std::uint64_t high, std::uint64_t low) {
    return {Family::Ipv6, high, low};
  }
  /// Network order; the span must hold `address_octets(family)` bytes, a shorter one is filled up
  /// with zeros, as NLRI leave out the end of an address.
  static IpAddress from_bytes(Family family, Bytes bytes);
  /// Dotted quad, or the forms of RFC 4291 section 2.2 without a zone.
  static std::optional<IpAddress> parse(std::string_view text);

  [[nodiscard]] constexpr Family family() const { return family_; }
  [[nodiscard]] constexpr bool is_v4() const { return family_ == Family::Ipv4; }
  [[nodiscard]] constexpr std::uint64_t high() const { return high_; }
  [[nodiscard]] constexpr std::uint64_t low() const { return low_; }
  /// The 32 bits of an IPv4 address; meaningless for IPv6.
  [[nodiscard]] constexpr std::uint32_t v4_value() const {
    return static_cast<std::uint32_t>(high_ >> 32);
  }
  /// Network order; IPv4 uses the first four.
  [[nodiscard]] std::array<std::byte, 16> octets() const;
  /// This address with all bits behind the first `length` zero.
  [[nodiscard]] constexpr IpAddress masked(unsigned length) const {
    const std::uint64_t first = length >= 64 ? ~std::uint64_t{0} : ~(~std::uint64_t{0} >> length);
    const std::uint64_t second = length <= 64    ? 0
                                 : length >= 128 ? ~std::uint64_t{0}
                                                 : ~(~std::uint64_t{0} >> (length - 64));
    return {family_, high_ & first, low_ & second};
  }
  /// The bit at a position, 0 being the first.
  [[nodiscard]] constexpr unsigned bit(unsigned position) const {
    const std::uint64_t word = position < 64 ? high_ : low_;
    return static_cast<unsigned>(word >> (63 - position % 64) & 1);
  }

  /// Dotted quad, or the canonical form of RFC 5952.
  [[nodiscard]] std::string to_string() const;
  /// Appends what `to_string` returns.
  void append_to(std::string& text) const;

  friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  constexpr IpAddress(Family family, std::uint64_t high, std::uint64_t low)
      : family_{family},
        high_{high},
        low_{low} {}

  Family family_ = Family::Ipv4;
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// For unordered containers.
constexpr std::uint64_t hash_value(const IpAddress& address) {
  return combine(mix(address.high() + static_cast<std::uint64_t>(address.family())), address.low());
}

}  // namespace isthmus

template <>
struct std::hash<isthmus::IpAddress> {
  std::size_t operator()(const isthmus::IpAddress& address) const noexcept {
    return hash_value(address);
  }
};
