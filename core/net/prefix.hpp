#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/net/address.hpp"

namespace isthmus {

/// An IPv4 or IPv6 prefix such as 175.45.176.0/22. Bits past the length are always zero. Sorts by
/// family, then address, then length: a prefix stands right before what it contains.
class Prefix {
 public:
  /// The IPv4 default route, 0.0.0.0/0.
  constexpr Prefix() = default;

  /// "address/length"; bits set past the length are refused, as they hide a typing error.
  static std::optional<Prefix> parse(std::string_view text);
  /// The prefix of that length around an address; a length past the family's bits is cut to them.
  static constexpr Prefix covering(const IpAddress& address, unsigned length) {
    const unsigned bits = address_bits(address.family());
    const unsigned cut = length < bits ? length : bits;
    return {address.masked(cut), cut};
  }

  [[nodiscard]] constexpr const IpAddress& address() const { return address_; }
  [[nodiscard]] constexpr unsigned length() const { return length_; }
  [[nodiscard]] constexpr Family family() const { return address_.family(); }
  [[nodiscard]] constexpr bool contains(const IpAddress& address) const {
    return address.family() == family() && address.masked(length_) == address_;
  }
  /// Whether the other prefix is this one or a more specific of it.
  [[nodiscard]] constexpr bool contains(const Prefix& other) const {
    return other.length_ >= length_ && contains(other.address_);
  }
  [[nodiscard]] std::string to_string() const;
  void append_to(std::string& text) const;

  friend constexpr auto operator<=>(const Prefix&, const Prefix&) = default;

 private:
  constexpr Prefix(const IpAddress& address, unsigned length)
      : address_{address},
        length_{static_cast<std::uint8_t>(length)} {}

  IpAddress address_;
  std::uint8_t length_ = 0;
};

/// For unordered containers.
constexpr std::uint64_t hash_value(const Prefix& prefix) {
  return combine(hash_value(prefix.address()), prefix.length());
}

}  // namespace isthmus

template <>
struct std::hash<isthmus::Prefix> {
  std::size_t operator()(const isthmus::Prefix& prefix) const noexcept {
    return hash_value(prefix);
  }
};
