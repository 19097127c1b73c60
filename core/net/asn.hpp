#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace isthmus {

/// An autonomous system number (RFC 6793: four octets).
struct Asn {
  std::uint32_t value = 0;

  /// Reads "131279", "AS131279" or asdot "2.207" (RFC 5396); nothing may follow.
  static std::optional<Asn> parse(std::string_view text);

  /// "AS131279"
  [[nodiscard]] std::string to_string() const;

  /// Whether no network can be found under this number: 0 (RFC 7607), AS_TRANS 23456 (RFC 6793),
  /// the documentation and private ranges (RFC 5398, 6996), 65535 and the last (RFC 7300), and
  /// 65552 to 131071, which IANA keeps reserved.
  [[nodiscard]] bool is_reserved() const;

  friend auto operator<=>(const Asn&, const Asn&) = default;
};

/// Stands for a four-octet number on a session that carries only two (RFC 6793, section 9).
inline constexpr Asn kAsTrans{23456};

}  // namespace isthmus

template <>
struct std::hash<isthmus::Asn> {
  std::size_t operator()(isthmus::Asn asn) const noexcept {
    return std::hash<std::uint32_t>{}(asn.value);
  }
};
