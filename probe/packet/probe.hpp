#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "core/net/address.hpp"
#include "core/route/hop.hpp"
#include "probe/packet/siphash.hpp"

namespace isthmus::probe {

/// Six bits carry the TTL, so that it survives the shortest quotation.
constexpr std::uint8_t kMaxTtl = 63;
/// Source ports, ICMP identifiers: flow 0 is `base_port`.
constexpr std::uint16_t kBasePort = 33000;
/// Flows of one destination, so that ports stay below Linux's ephemeral range end.
constexpr std::uint16_t kMaxFlows = 4096;

/// What makes one probe packet different from all others of an engine.
struct ProbeId {
  IpAddress destination;
  std::uint8_t ttl = 1;    ///< 1 to kMaxTtl
  std::uint16_t flow = 0;  ///< below kMaxFlows
  std::uint8_t round = 0;  ///< counts retries and rounds; wraps
  friend bool operator==(const ProbeId&, const ProbeId&) = default;
};

/// A probe packet to build.
struct Probe {
  IpAddress source;
  ProbeId id;
  std::uint32_t target = 0;  ///< index of the destination in the engine's list
};

/// What all probe packets of an engine share.
struct ProbeFormat {
  ProbeMethod method = ProbeMethod::Udp;
  SipKey key;                           ///< random for each start
  std::uint16_t base_port = kBasePort;  ///< at most 65535 - kMaxFlows
  std::uint16_t destination_port = 33434;
  std::uint8_t instance = 0;  ///< tells engines on one host apart, for people who read captures
  std::uint8_t tos = 0;
};

/// The longest packet that `build_probe` makes: IPv6, UDP or ICMPv6.
constexpr std::size_t kLongestProbe = 40 + 8 + 16;

/// A probe packet in its own memory.
struct ProbePacket {
  std::array<std::byte, kLongestProbe> storage{};
  std::size_t size = 0;
  [[nodiscard]] Bytes view() const { return std::span{storage}.first(size); }
};

/// 64 bits that only this engine can compute for a probe; the fields below are cut out of them. The
/// last ten differ between any two rounds of a probe: the shortest quotations hold no more.
std::uint64_t probe_tag(const SipKey& key, const ProbeId& id);

/// The IPv6 flow label of a flow: 20 bits, never 0, the same for every TTL and round. Linux and
/// many routers balance by the label alone where it is not zero.
std::uint32_t flow_label(const SipKey& key, const IpAddress& destination, std::uint16_t flow);

/// Writes the packet from its IP header on and returns its size, which depends on method and family
/// only; `out` must hold kLongestProbe bytes.
///
/// All that load balancers hash (addresses, protocol, ports, flow label, ICMP identifier and
/// checksum) is constant over the TTLs and rounds of a flow. Identity is in the rest:
///
///             IPv4 UDP         IPv4 ICMP echo   IPv4 TCP        IPv6 UDP          IPv6 ICMP IPv6
///             TCP
///   flow      source port      identifier       source port     port, label       id., label port,
///   label TTL       IP-ID 15..10     IP-ID 15..10     IP-ID, seq 31..26  checksum 15..10
///   seq. 15..10   seq 31..26 tag       IP-ID 9..0,      IP-ID 9..0,      IP-ID 9..0,
///   checksum 9..0,    seq. 9..0,      seq 25..0
///             checksum         sequence         seq 25..0       payload           payload
///
/// UDP and ICMP carry 16 bytes: a word that makes the checksum come out, TTL, instance, target
/// index, flow, round, a zero, and 32 bits of the tag. TCP ACK probes have the sequence number as
/// acknowledgment too, which comes back in the RST.
std::size_t build_probe(const ProbeFormat& format, const Probe& probe, std::span<std::byte> out);

/// The same into memory of its own.
ProbePacket build_probe(const ProbeFormat& format, const Probe& probe);

}  // namespace isthmus::probe
