#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/net/address.hpp"
#include "probe/packet/checksum.hpp"
#include "probe/packet/ip_header.hpp"
#include "probe/packet/reply_packet.hpp"

namespace isthmus::test {

/// Packets as routers and hosts answer, for tests, the simulated network and fuzz seeds.
struct ReplyBuilder {
  IpAddress from;
  IpAddress to;
  std::uint8_t ttl = 60;
  std::uint16_t ip_id = 0x1234;
  std::uint8_t tos = 0;

  static void append(ByteWriter& out, const IpAddress& address) {
    const auto octets = address.octets();
    out.bytes(Bytes{octets}.first(address_octets(address.family())));
  }

  [[nodiscard]] std::string packet(std::uint8_t protocol, Bytes payload) const {
    ByteWriter out;
    if (from.is_v4()) {
      out.u8(0x45);
      out.u8(tos);
      out.u16(static_cast<std::uint16_t>(20 + payload.size()));
      out.u16(ip_id);
      out.u16(0);
      out.u8(ttl);
      out.u8(protocol);
      out.u16(0);
    } else {
      out.u32(0x60000000U | static_cast<std::uint32_t>(tos) << 20);
      out.u16(static_cast<std::uint16_t>(payload.size()));
      out.u8(protocol);
      out.u8(ttl);
    }
    append(out, from);
    append(out, to);
    if (from.is_v4()) {
      out.patch_u16(10, probe::checksum_of(probe::checksum_add(0, out.view())));
    }
    out.bytes(payload);
    return std::string{as_text(out.view())};
  }

  /// An ICMP message of our family: `rest` is the second word of its header.
  [[nodiscard]] std::string icmp(std::uint8_t type, std::uint8_t code, std::uint32_t rest,
                                 Bytes body) const {
    ByteWriter out;
    out.u8(type);
    out.u8(code);
    out.u16(0);
    out.u32(rest);
    out.bytes(body);
    const std::uint8_t protocol = from.is_v4() ? probe::kProtocolIcmp : probe::kProtocolIcmp6;
    const std::uint64_t pseudo =
        from.is_v4() ? 0 : probe::pseudo_header_sum(from, to, protocol, out.size());
    out.patch_u16(2, probe::checksum_of(probe::checksum_add(pseudo, out.view())));
    return packet(protocol, out.view());
  }

  /// Time exceeded in transit, with at most `quoted` bytes of the probe.
  [[nodiscard]] std::string time_exceeded(Bytes probe, std::size_t quoted = 1000) const {
    return icmp(from.is_v4() ? 11 : 3, 0, 0, probe.first(std::min(quoted, probe.size())));
  }

  [[nodiscard]] std::string port_unreachable(Bytes probe) const {
    return icmp(from.is_v4() ? 3 : 1, from.is_v4() ? 3 : 4, 0, probe);
  }

  /// The echo of a request of either family: identifier, sequence and payload come back.
  [[nodiscard]] std::string echo_reply(Bytes request) const {
    const Bytes message = request.subspan(from.is_v4() ? 20 : 40);
    ByteReader reader{message.subspan(4)};
    const std::uint32_t rest = reader.u32();
    return icmp(from.is_v4() ? 0 : 129, 0, rest, reader.rest());
  }

  [[nodiscard]] std::string tcp(std::uint16_t source_port, std::uint16_t destination_port,
                                std::uint32_t sequence, std::uint32_t acknowledgment,
                                std::uint8_t flags) const {
    ByteWriter out;
    out.u16(source_port);
    out.u16(destination_port);
    out.u32(sequence);
    out.u32(acknowledgment);
    out.u8(0x50);
    out.u8(flags);
    out.u16(0);
    out.u32(0);
    out.patch_u16(16,
                  probe::checksum_of(probe::checksum_add(
                      probe::pseudo_header_sum(from, to, probe::kProtocolTcp, 20), out.view())));
    return packet(probe::kProtocolTcp, out.view());
  }

  /// What a host answers to a SYN (SYN-ACK or RST) or to an ACK (RST).
  [[nodiscard]] std::string tcp_answer(Bytes probe, bool is_open) const {
    ByteReader reader{probe.subspan(from.is_v4() ? 20 : 40)};
    const std::uint16_t source_port = reader.u16();
    const std::uint16_t destination_port = reader.u16();
    const std::uint32_t sequence = reader.u32();
    const std::uint32_t acknowledgment = reader.u32();
    reader.skip(1);
    if ((reader.u8() & probe::kTcpAck) != 0) {
      return tcp(destination_port, source_port, acknowledgment, 0, probe::kTcpReset);
    }
    const int flags = probe::kTcpAck | (is_open ? probe::kTcpSyn : probe::kTcpReset);
    return tcp(destination_port, source_port, 0x01020304, sequence + 1,
               static_cast<std::uint8_t>(flags));
  }
};

/// A quotation padded to `padded` bytes, with an extension structure of these objects behind it.
inline std::string extended_body(Bytes quote, std::size_t padded, const std::string& objects,
                                 bool with_checksum = true) {
  std::string body{as_text(quote.first(std::min(quote.size(), padded)))};
  body.resize(padded);
  ByteWriter extension;
  extension.u32(0x20000000);
  extension.bytes(as_bytes(objects));
  if (with_checksum) {
    extension.patch_u16(2, probe::checksum_of(probe::checksum_add(0, extension.view())));
  }
  return body.append(as_text(extension.view()));
}

/// An MPLS object (RFC 4950) of these 32-bit label stack entries.
inline std::string mpls_object(const std::vector<std::uint32_t>& entries) {
  ByteWriter out;
  out.u16(static_cast<std::uint16_t>(4 + 4 * entries.size()));
  out.u16(0x0101);
  for (const std::uint32_t entry : entries) {
    out.u32(entry);
  }
  return std::string{as_text(out.view())};
}

}  // namespace isthmus::test
