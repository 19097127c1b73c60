#include "probe/packet/probe.hpp"

#include <set>
#include <string>

#include <catch2/catch.hpp>

#include "probe/packet/checksum.hpp"
#include "probe/packet/ip_header.hpp"

using namespace isthmus;
using namespace isthmus::probe;

namespace {

const IpAddress kUs = IpAddress::v4(0xc0000201);
const IpAddress kUs6 = IpAddress::v6(0x2001'0db8'0000'0000ULL, 1);

IpAddress destination(Family family, std::uint32_t number) {
  return family == Family::Ipv4 ? IpAddress::v4(0x0a000000U + number)
                                : IpAddress::v6(0x2001'0db8'0000'0008ULL, number);
}

/// What load balancers hash: addresses, protocol, flow label, and the first words of the transport
/// header (ports; ICMP type, code and checksum, and the identifier behind it).
std::string flow_fields(const ProbePacket& packet, ProbeMethod method) {
  const auto ip = parse_ip_header(packet.view());
  std::string fields = ip->source.to_string() + ip->destination.to_string() +
                       std::to_string(ip->protocol) + ' ' + std::to_string(ip->flow_label) + ' ' +
                       std::to_string(ip->tos) + ' ' + std::to_string(packet.size) + ' ';
  fields += to_hex(packet.view().subspan(ip->size, method == ProbeMethod::Icmp ? 6 : 4));
  return fields;
}

bool has_valid_checksums(const ProbePacket& packet) {
  const auto ip = parse_ip_header(packet.view());
  const Bytes transport = packet.view().subspan(ip->size);
  std::uint64_t pseudo =
      pseudo_header_sum(ip->source, ip->destination, ip->protocol, transport.size());
  if (ip->protocol == kProtocolIcmp) {
    pseudo = 0;
  }
  const bool is_header_good =
      !ip->source.is_v4() || checksum_of(checksum_add(0, packet.view().first(20))) == 0;
  return is_header_good && checksum_of(checksum_add(pseudo, transport)) == 0;
}

}  // namespace

TEST_CASE("all that load balancers hash is constant over TTLs and rounds, and differs by flow") {
  const auto method =
      GENERATE(ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn, ProbeMethod::TcpAck);
  const auto family = GENERATE(Family::Ipv4, Family::Ipv6);
  const ProbeFormat format{.method = method, .key = {3, 4}};
  std::set<std::string> flows;
  std::set<std::string> packets;
  for (std::uint16_t flow = 0; flow < 20; ++flow) {
    std::set<std::string> fields;
    for (std::uint8_t ttl = 1; ttl <= kMaxTtl; ++ttl) {
      for (std::uint8_t round = 0; round < 4; ++round) {
        const ProbePacket packet =
            build_probe(format, {.source = family == Family::Ipv4 ? kUs : kUs6,
                                 .id = {destination(family, 5), ttl, flow, round}});
        fields.insert(flow_fields(packet, method));
        packets.insert(to_hex(packet.view()));
      }
    }
    CHECK(fields.size() == 1);
    flows.insert(*fields.begin());
  }
  CHECK(flows.size() == 20);
  CHECK(packets.size() == 20U * kMaxTtl * 4U);
}

TEST_CASE("checksums are valid for 65,536 destinations, and UDP's is never zero") {
  const auto method =
      GENERATE(ProbeMethod::Udp, ProbeMethod::Icmp, ProbeMethod::TcpSyn, ProbeMethod::TcpAck);
  const auto family = GENERATE(Family::Ipv4, Family::Ipv6);
  const ProbeFormat format{.method = method, .key = {5, 6}, .instance = 9};
  int bad = 0;
  int zero = 0;
  for (std::uint32_t i = 0; i < 65'536; ++i) {
    const auto ttl = static_cast<std::uint8_t>(i % kMaxTtl + 1);
    const ProbePacket packet = build_probe(format, {.source = family == Family::Ipv4 ? kUs : kUs6,
                                                    .id = {destination(family, i), ttl, 0, 0},
                                                    .target = i});
    bad += has_valid_checksums(packet) ? 0 : 1;
    if (method == ProbeMethod::Udp) {
      ByteReader reader{packet.view().subspan(family == Family::Ipv4 ? 26 : 46)};
      zero += reader.u16() == 0 ? 1 : 0;
    }
  }
  CHECK(bad == 0);
  CHECK(zero == 0);
}

TEST_CASE("the flow label fills its 20 bits and is never zero") {
  std::uint32_t together = 0;
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const std::uint32_t label = flow_label({7, 8}, destination(Family::Ipv6, i), 0);
    REQUIRE(label != 0);
    together |= label;
  }
  CHECK(together == 0xfffff);
}
