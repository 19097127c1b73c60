#pragma once

#include <cstdint>
#include <optional>

#include "probe/packet/ip_header.hpp"
#include "probe/packet/probe.hpp"

namespace isthmus::probe {

/// The 16 bytes that UDP and ICMP probes carry.
constexpr std::size_t kPayloadSize = 16;

/// Fields of the header that tell a probe from its neighbours, as `build_probe` writes them and a
/// quotation should hold them.
struct ProbeFields {
  std::uint16_t ip_id = 0;      ///< IPv4 only
  std::uint16_t flow_port = 0;  ///< source port or ICMP identifier
  std::uint16_t checksum = 0;   ///< of UDP or ICMP; 0 for TCP, where it is not chosen
  std::uint16_t icmp_sequence = 0;
  std::uint32_t tcp_sequence = 0;
  std::uint32_t tag32 = 0;
};

ProbeFields probe_fields(const ProbeFormat& format, const ProbeId& id);

/// The payload, read back.
struct ProbePayload {
  ProbeId id;  ///< destination left out
  std::uint32_t target = 0;
  std::uint32_t tag32 = 0;
  std::uint8_t instance = 0;
};

/// Nothing if the bytes are too few.
std::optional<ProbePayload> read_payload(Bytes payload);

/// IP protocol number of a method in a family.
std::uint8_t protocol_of(ProbeMethod method, Family family);

}  // namespace isthmus::probe
