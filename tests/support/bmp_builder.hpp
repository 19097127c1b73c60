#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "tests/support/mrt_builder.hpp"

/// Builds BMP messages by hand (RFC 7854), in the way of mrt_builder.hpp.
namespace isthmus::testing {

/// A message of any type, with its common header.
inline std::string bmp(unsigned type, const std::string& body, unsigned version = 3) {
  return u8(version) + u32(body.size() + 6) + u8(type) + body;
}
inline std::string bmp_tlv(unsigned type, const std::string& value) {
  return u16(type) + u16(value.size()) + value;
}

/// Flags of the per-peer header.
inline constexpr unsigned kV6Flag = 0x80;
inline constexpr unsigned kPostFlag = 0x40;
inline constexpr unsigned kTwoOctetFlag = 0x20;
inline constexpr unsigned kOutFlag = 0x10;

struct BmpPeerSpec {
  std::uint32_t asn = 4837;
  std::string address = "192.0.2.1";
  unsigned flags = 0;
  unsigned type = 0;
  std::uint64_t distinguisher = 0;
  std::uint32_t seconds = kTime;
};

inline std::string bmp_address(const std::string& text) {
  const std::string octets = address(text);
  return std::string(16 - octets.size(), '\0') + octets;
}
inline std::string bmp_peer(const BmpPeerSpec& peer) {
  return u8(peer.type) + u8(peer.flags) + u32(peer.distinguisher >> 32) + u32(peer.distinguisher) +
         bmp_address(peer.address) + u32(peer.asn) + address("192.0.2.99") + u32(peer.seconds) +
         u32(250000);
}

inline std::string initiation(const std::string& description = "test router") {
  return bmp(4, bmp_tlv(1, description) + bmp_tlv(2, "r1"));
}
/// An OPEN with the capability of four-octet ASNs, and others as they are given.
inline std::string open(std::uint32_t number, const std::string& capabilities = {}) {
  const std::string all = u8(65) + u8(4) + u32(number) + capabilities;
  return bgp(u8(4) + u16(number > 65535 ? 23456 : number) + u16(90) + address("192.0.2.99") +
                 u8(all.size() + 2) + u8(2) + u8(all.size()) + all,
             1);
}
/// ADD-PATH for IPv4 unicast: 1 receive, 2 send, 3 both.
inline std::string add_path_capability(unsigned mode) {
  return u8(69) + u8(4) + u16(1) + u8(1) + u8(mode);
}
inline std::string peer_up(const BmpPeerSpec& peer, std::uint32_t local = 3356,
                           unsigned remote_port = 40000, const std::string& capabilities = {},
                           const std::string& fields = {}) {
  return bmp(3, bmp_peer(peer) + bmp_address("192.0.2.254") + u16(179) + u16(remote_port) +
                    open(local, capabilities) + open(peer.asn, capabilities) + fields);
}
inline std::string peer_down(const BmpPeerSpec& peer, unsigned reason = 4,
                             const std::string& data = {}) {
  return bmp(2, bmp_peer(peer) + u8(reason) + data);
}
inline std::string monitoring(const BmpPeerSpec& peer, const std::string& update_body) {
  return bmp(0, bmp_peer(peer) + bgp(update_body));
}
inline std::string end_of_rib() {
  return update({}, {}, {});
}

}  // namespace isthmus::testing
