#include "probe/packet/ip_header.hpp"

namespace isthmus::probe {
namespace {

constexpr std::size_t kFixedV6 = 40;

std::optional<IpHeader> parse_v4(Bytes packet) {
  ByteReader reader{packet};
  IpHeader header;
  const std::size_t size = std::size_t{4} * (reader.u8() & 0xfU);
  header.tos = reader.u8();
  header.total_length = reader.u16();
  header.ip_id = reader.u16();
  const std::uint16_t fragment = reader.u16();
  header.is_fragment = (fragment & 0x3fff) != 0;
  header.is_later_fragment = (fragment & 0x1fff) != 0;
  header.ttl = reader.u8();
  header.protocol = reader.u8();
  reader.skip(2);
  header.source = IpAddress::from_bytes(Family::Ipv4, reader.take(4));
  header.destination = IpAddress::from_bytes(Family::Ipv4, reader.take(4));
  if (!reader.ok() || size < 20 || size > packet.size()) {
    return std::nullopt;
  }
  header.size = size;
  return header;
}

/// RFC 8200 section 4, RFC 4302 (whose length counts words), RFC 6275, 7401 and 5533.
bool is_extension(std::uint8_t protocol) {
  switch (protocol) {
    case 0:
    case 43:
    case 44:
    case 51:
    case 60:
    case 135:
    case 139:
    case 140:
      return true;
    default:
      return false;
  }
}

bool skip_extension(ByteReader& reader, IpHeader& header) {
  const std::uint8_t kind = header.protocol;
  header.protocol = reader.u8();
  const std::size_t length = reader.u8();
  if (kind == 44) {
    const std::uint16_t fragment = reader.u16();
    header.is_fragment = (fragment & 0xfff9) != 0;
    header.is_later_fragment = (fragment & 0xfff8) != 0;
    reader.skip(4);
  } else if (kind == 51) {
    reader.skip(4 * (length + 2) - 2);
  } else {
    reader.skip(8 * (length + 1) - 2);
  }
  return reader.ok();
}

std::optional<IpHeader> parse_v6(Bytes packet) {
  ByteReader reader{packet};
  IpHeader header;
  const std::uint32_t first = reader.u32();
  header.tos = static_cast<std::uint8_t>(first >> 20 & 0xff);
  header.flow_label = first & 0xfffff;
  header.total_length = static_cast<std::uint32_t>(reader.u16() + kFixedV6);
  header.protocol = reader.u8();
  header.ttl = reader.u8();
  header.source = IpAddress::from_bytes(Family::Ipv6, reader.take(16));
  header.destination = IpAddress::from_bytes(Family::Ipv6, reader.take(16));
  if (!reader.ok()) {
    return std::nullopt;
  }
  while (!header.is_later_fragment && is_extension(header.protocol)) {
    if (!skip_extension(reader, header)) {
      return std::nullopt;
    }
  }
  header.size = packet.size() - reader.size();
  return header;
}

}  // namespace

std::optional<IpHeader> parse_ip_header(Bytes packet) {
  if (packet.empty()) {
    return std::nullopt;
  }
  switch (std::to_integer<unsigned>(packet[0]) >> 4) {
    case 4:
      return parse_v4(packet);
    case 6:
      return parse_v6(packet);
    default:
      return std::nullopt;
  }
}

std::uint64_t pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                std::uint8_t protocol, std::size_t length) {
  std::uint64_t sum = protocol + std::uint64_t{length};
  for (const IpAddress& each : {source, destination}) {
    sum += (each.high() >> 32) + (each.high() & 0xffffffff);
    sum += (each.low() >> 32) + (each.low() & 0xffffffff);
  }
  return sum;
}

}  // namespace isthmus::probe
