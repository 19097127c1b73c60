#pragma once

#include <cstdint>
#include <optional>

#include "core/base/bytes.hpp"
#include "core/net/address.hpp"

namespace isthmus::probe {

/// IP protocol numbers that probes and replies use.
inline constexpr std::uint8_t kProtocolIcmp = 1;
inline constexpr std::uint8_t kProtocolTcp = 6;
inline constexpr std::uint8_t kProtocolUdp = 17;
inline constexpr std::uint8_t kProtocolIcmp6 = 58;

/// What an IPv4 or IPv6 header says, with IPv6 extension headers walked through.
struct IpHeader {
  IpAddress source;
  IpAddress destination;
  std::uint8_t protocol = 0;       ///< of what follows all extension headers
  std::uint8_t ttl = 0;            ///< or hop limit
  std::uint8_t tos = 0;            ///< or traffic class
  std::uint16_t ip_id = 0;         ///< IPv4 only
  std::uint32_t flow_label = 0;    ///< 20 bits, IPv6 only
  std::uint32_t total_length = 0;  ///< header included, as the packet says; not checked
  std::size_t size = 0;      ///< bytes before the transport header: options, extension headers
  bool is_fragment = false;  ///< a part of a datagram, the first or a later one
  bool is_later_fragment = false;  ///< no transport header follows

  friend bool operator==(const IpHeader&, const IpHeader&) = default;
};

/// Reads the header at the front of a packet or of a quotation. Nothing if it is no IP, or is cut
/// off before the transport header begins; lengths inside the packet are not believed.
std::optional<IpHeader> parse_ip_header(Bytes packet);

/// The sum of the pseudo-header (RFC 793, RFC 8200 section 8.1) for `checksum_add`.
std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                std::uint8_t protocol, std::size_t length);

}  // namespace isthmus::probe
