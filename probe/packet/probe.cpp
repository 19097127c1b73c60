#include "probe/packet/probe.hpp"

#include "probe/packet/checksum.hpp"
#include "probe/packet/probe_fields.hpp"
#include "probe/packet/reply_packet.hpp"

namespace isthmus::probe {
namespace {

/// Writes big-endian fields into memory that the caller owns.
class FieldWriter {
 public:
  explicit FieldWriter(std::span<std::byte> out) : out_{out} {}

  void u8(unsigned value) { out_[size_++] = static_cast<std::byte>(value); }
  void u16(unsigned value) {
    u8(value >> 8 & 0xff);
    u8(value & 0xff);
  }
  void u32(std::uint32_t value) {
    u16(value >> 16);
    u16(value & 0xffff);
  }
  void address(const IpAddress& value) {
    u32(static_cast<std::uint32_t>(value.high() >> 32));
    if (!value.is_v4()) {
      u32(static_cast<std::uint32_t>(value.high() & 0xffffffff));
      u32(static_cast<std::uint32_t>(value.low() >> 32));
      u32(static_cast<std::uint32_t>(value.low() & 0xffffffff));
    }
  }
  void patch_u16(std::size_t offset, std::uint16_t value) {
    out_[offset] = static_cast<std::byte>(value >> 8);
    out_[offset + 1] = static_cast<std::byte>(value & 0xff);
  }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] Bytes from(std::size_t offset) const {
    return Bytes{out_}.subspan(offset, size_ - offset);
  }

 private:
  std::span<std::byte> out_;
  std::size_t size_ = 0;
};

std::size_t transport_size(ProbeMethod method) {
  return method == ProbeMethod::Udp || method == ProbeMethod::Icmp ? 8 + kPayloadSize : 20;
}

void write_ip(FieldWriter& out, const ProbeFormat& format, const Probe& probe,
              std::uint16_t ip_id) {
  const std::size_t length = transport_size(format.method);
  const Family family = probe.id.destination.family();
  const std::uint8_t protocol = protocol_of(format.method, family);
  if (family == Family::Ipv4) {
    out.u16(0x4500U | format.tos);
    out.u16(static_cast<unsigned>(20 + length));
    out.u16(ip_id);
    // No DF: RFC 6864 lets routers rewrite the identification of packets that have it.
    out.u16(0);
    out.u8(probe.id.ttl);
    out.u8(protocol);
    out.u16(0);
    out.address(probe.source);
    out.address(probe.id.destination);
    out.patch_u16(10, checksum_of(checksum_add(0, out.from(0))));
    return;
  }
  const std::uint32_t label = flow_label(format.key, probe.id.destination, probe.id.flow);
  out.u32(0x60000000U | std::uint32_t{format.tos} << 20 | label);
  out.u16(static_cast<unsigned>(length));
  out.u8(protocol);
  out.u8(probe.id.ttl);
  out.address(probe.source);
  out.address(probe.id.destination);
}

void write_payload(FieldWriter& out, const ProbeFormat& format, const Probe& probe,
                   const ProbeFields& fields) {
  out.u16(0);
  out.u8(probe.id.ttl);
  out.u8(format.instance);
  out.u32(probe.target);
  out.u16(probe.id.flow);
  out.u8(probe.id.round);
  out.u8(0);
  out.u32(fields.tag32);
}

void write_tcp(FieldWriter& out, const ProbeFormat& format, const ProbeFields& fields) {
  const bool is_ack = format.method == ProbeMethod::TcpAck;
  out.u16(fields.flow_port);
  out.u16(format.destination_port);
  out.u32(fields.tcp_sequence);
  out.u32(is_ack ? fields.tcp_sequence : 0);
  out.u16(0x5000U | (is_ack ? kTcpAck : kTcpSyn));
  out.u16(64240);  // what Linux offers first
  out.u16(0);
  out.u16(0);
}

}  // namespace

std::uint8_t protocol_of(ProbeMethod method, Family family) {
  switch (method) {
    case ProbeMethod::Udp:
      return kProtocolUdp;
    case ProbeMethod::Icmp:
      return family == Family::Ipv4 ? kProtocolIcmp : kProtocolIcmp6;
    case ProbeMethod::TcpSyn:
    case ProbeMethod::TcpAck:
      break;
  }
  return kProtocolTcp;
}

std::uint64_t probe_tag(const SipKey& key, const ProbeId& id) {
  std::array<std::uint64_t, 3> words{
      id.destination.high(), id.destination.low(),
      std::uint64_t{id.ttl} << 32 | std::uint64_t{id.round} << 16 | id.flow};
  const std::uint64_t tag = siphash(key, words);
  words[2] = std::uint64_t{id.ttl} << 32 | 1ULL << 40 | id.flow;
  return (tag & ~std::uint64_t{0x3ff}) | ((siphash(key, words) + id.round) & 0x3ff);
}

std::uint32_t flow_label(const SipKey& key, const IpAddress& destination, std::uint16_t flow) {
  const std::array<std::uint64_t, 3> words{destination.high(), destination.low(),
                                           0x6c6162656cULL << 16 | flow};
  const auto label = static_cast<std::uint32_t>(siphash(key, words) & 0xfffff);
  return label == 0 ? 1 : label;
}

ProbeFields probe_fields(const ProbeFormat& format, const ProbeId& id) {
  const std::uint64_t tag = probe_tag(format.key, id);
  const auto ttl_and_tag = static_cast<std::uint16_t>(unsigned{id.ttl} << 10 | (tag & 0x3ff));
  const auto sixteen = static_cast<std::uint16_t>(tag >> 10 & 0xffff);
  const bool is_v4 = id.destination.is_v4();
  ProbeFields fields;
  fields.ip_id = ttl_and_tag;
  fields.flow_port = static_cast<std::uint16_t>(format.base_port + id.flow);
  fields.tag32 = static_cast<std::uint32_t>(tag >> 32);
  fields.tcp_sequence = std::uint32_t{id.ttl} << 26 | (fields.tag32 & 0x3ffffff);
  fields.icmp_sequence = is_v4 ? sixteen : ttl_and_tag;
  if (format.method == ProbeMethod::Udp) {
    // 0 means "no checksum" (RFC 768); with a TTL in it, IPv6's never is.
    fields.checksum = !is_v4 ? ttl_and_tag : sixteen == 0 ? 0xffff : sixteen;
  } else if (format.method == ProbeMethod::Icmp) {
    // Any constant would do; routers that hash it see one value a flow.
    fields.checksum = static_cast<std::uint16_t>(0x4953 ^ id.flow);
  }
  return fields;
}

std::optional<ProbePayload> read_payload(Bytes payload) {
  ByteReader reader{payload};
  ProbePayload read;
  reader.skip(2);
  read.id.ttl = reader.u8();
  read.instance = reader.u8();
  read.target = reader.u32();
  read.id.flow = reader.u16();
  read.id.round = reader.u8();
  reader.skip(1);
  read.tag32 = reader.u32();
  return reader.ok() ? std::optional{read} : std::nullopt;
}

std::size_t build_probe(const ProbeFormat& format, const Probe& probe, std::span<std::byte> out) {
  const ProbeFields fields = probe_fields(format, probe.id);
  const IpAddress& destination = probe.id.destination;
  const std::size_t length = transport_size(format.method);
  const std::uint64_t pseudo = pseudo_header_sum(
      probe.source, destination, protocol_of(format.method, destination.family()), length);
  FieldWriter writer{out};
  write_ip(writer, format, probe, fields.ip_id);
  const std::size_t transport = writer.size();
  switch (format.method) {
    case ProbeMethod::Udp: {
      writer.u16(fields.flow_port);
      writer.u16(format.destination_port);
      writer.u16(static_cast<unsigned>(length));
      writer.u16(0);
      write_payload(writer, format, probe, fields);
      const std::uint64_t sum = checksum_add(pseudo, writer.from(transport));
      writer.patch_u16(transport + 8, checksum_fix(sum, fields.checksum));
      writer.patch_u16(transport + 6, fields.checksum);
      break;
    }
    case ProbeMethod::Icmp: {
      writer.u8(destination.is_v4() ? 8 : 128);
      writer.u8(0);
      writer.u16(0);
      writer.u16(fields.flow_port);
      writer.u16(fields.icmp_sequence);
      write_payload(writer, format, probe, fields);
      const std::uint64_t sum =
          checksum_add(destination.is_v4() ? 0 : pseudo, writer.from(transport));
      writer.patch_u16(transport + 8, checksum_fix(sum, fields.checksum));
      writer.patch_u16(transport + 2, fields.checksum);
      break;
    }
    case ProbeMethod::TcpSyn:
    case ProbeMethod::TcpAck:
      write_tcp(writer, format, fields);
      writer.patch_u16(transport + 16, checksum_of(checksum_add(pseudo, writer.from(transport))));
      break;
  }
  return writer.size();
}

ProbePacket build_probe(const ProbeFormat& format, const Probe& probe) {
  ProbePacket packet;
  packet.size = build_probe(format, probe, packet.storage);
  return packet;
}

}  // namespace isthmus::probe
