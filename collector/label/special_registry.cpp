#include "collector/label/special_registry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/net/prefix_map.hpp"

namespace isthmus::collector {
namespace {

constexpr Prefix v4(unsigned a, unsigned b, unsigned c, unsigned d, unsigned length) {
  return Prefix::covering(IpAddress::v4(a << 24 | b << 16 | c << 8 | d), length);
}

constexpr Prefix v6(std::uint64_t high, std::uint64_t low, unsigned length) {
  return Prefix::covering(IpAddress::v6(high, low), length);
}

/// https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry.
/// 6to4 and Teredo have no value for "globally reachable" there: who announces their prefix does
/// not own the addresses in it, so they are Local here.
constexpr std::array kBlocks = {
    SpecialBlock{v4(0, 0, 0, 0, 8), "\"This network\"", "RFC 791"},
    SpecialBlock{v4(0, 0, 0, 0, 32), "\"This host on this network\"", "RFC 1122"},
    SpecialBlock{v4(10, 0, 0, 0, 8), "Private-Use", "RFC 1918"},
    SpecialBlock{v4(100, 64, 0, 0, 10), "Shared Address Space", "RFC 6598"},
    SpecialBlock{v4(127, 0, 0, 0, 8), "Loopback", "RFC 1122"},
    SpecialBlock{v4(169, 254, 0, 0, 16), "Link Local", "RFC 3927"},
    SpecialBlock{v4(172, 16, 0, 0, 12), "Private-Use", "RFC 1918"},
    SpecialBlock{v4(192, 0, 0, 0, 24), "IETF Protocol Assignments", "RFC 6890"},
    SpecialBlock{v4(192, 0, 0, 0, 29), "IPv4 Service Continuity Prefix", "RFC 7335"},
    SpecialBlock{v4(192, 0, 0, 8, 32), "IPv4 dummy address", "RFC 7600"},
    SpecialBlock{v4(192, 0, 0, 9, 32), "Port Control Protocol Anycast", "RFC 7723", Reach::Global},
    SpecialBlock{v4(192, 0, 0, 10, 32), "Traversal Using Relays around NAT Anycast", "RFC 8155",
                 Reach::Global},
    SpecialBlock{v4(192, 0, 0, 170, 32), "NAT64/DNS64 Discovery", "RFC 7050"},
    SpecialBlock{v4(192, 0, 0, 171, 32), "NAT64/DNS64 Discovery", "RFC 7050"},
    SpecialBlock{v4(192, 0, 2, 0, 24), "Documentation (TEST-NET-1)", "RFC 5737"},
    SpecialBlock{v4(192, 31, 196, 0, 24), "AS112-v4", "RFC 7535", Reach::Global},
    SpecialBlock{v4(192, 52, 193, 0, 24), "AMT", "RFC 7450", Reach::Global},
    SpecialBlock{v4(192, 88, 99, 0, 24), "Deprecated (6to4 Relay Anycast)", "RFC 7526"},
    SpecialBlock{v4(192, 88, 99, 2, 32), "6a44-relay anycast address", "RFC 6751"},
    SpecialBlock{v4(192, 168, 0, 0, 16), "Private-Use", "RFC 1918"},
    SpecialBlock{v4(192, 175, 48, 0, 24), "Direct Delegation AS112 Service", "RFC 7534",
                 Reach::Global},
    SpecialBlock{v4(198, 18, 0, 0, 15), "Benchmarking", "RFC 2544"},
    SpecialBlock{v4(198, 51, 100, 0, 24), "Documentation (TEST-NET-2)", "RFC 5737"},
    SpecialBlock{v4(203, 0, 113, 0, 24), "Documentation (TEST-NET-3)", "RFC 5737"},
    SpecialBlock{v4(224, 0, 0, 0, 4), "Multicast", "RFC 5771"},
    SpecialBlock{v4(240, 0, 0, 0, 4), "Reserved", "RFC 1112"},
    SpecialBlock{v4(255, 255, 255, 255, 32), "Limited Broadcast", "RFC 919"},

    SpecialBlock{v6(0, 0, 128), "Unspecified Address", "RFC 4291"},
    SpecialBlock{v6(0, 1, 128), "Loopback Address", "RFC 4291"},
    SpecialBlock{v6(0, 0x0000ffff00000000, 96), "IPv4-mapped Address", "RFC 4291"},
    SpecialBlock{v6(0x0064ff9b00000000, 0, 96), "IPv4-IPv6 Translation", "RFC 6052", Reach::Global},
    SpecialBlock{v6(0x0064ff9b00010000, 0, 48), "IPv4-IPv6 Translation", "RFC 8215"},
    SpecialBlock{v6(0x0100000000000000, 0, 64), "Discard-Only Address Block", "RFC 6666"},
    SpecialBlock{v6(0x0100000000000001, 0, 64), "Dummy IPv6 Prefix", "RFC 9780"},
    SpecialBlock{v6(0x2001000000000000, 0, 23), "IETF Protocol Assignments", "RFC 2928"},
    SpecialBlock{v6(0x2001000000000000, 0, 32), "TEREDO", "RFC 4380"},
    SpecialBlock{v6(0x2001000100000000, 1, 128), "Port Control Protocol Anycast", "RFC 7723",
                 Reach::Global},
    SpecialBlock{v6(0x2001000100000000, 2, 128), "Traversal Using Relays around NAT Anycast",
                 "RFC 8155", Reach::Global},
    SpecialBlock{v6(0x2001000100000000, 3, 128), "DNS-SD Service Registration Protocol Anycast",
                 "RFC 9665", Reach::Global},
    SpecialBlock{v6(0x2001000200000000, 0, 48), "Benchmarking", "RFC 5180"},
    SpecialBlock{v6(0x2001000300000000, 0, 32), "AMT", "RFC 7450", Reach::Global},
    SpecialBlock{v6(0x2001000401120000, 0, 48), "AS112-v6", "RFC 7535", Reach::Global},
    SpecialBlock{v6(0x2001001000000000, 0, 28), "Deprecated (previously ORCHID)", "RFC 4843"},
    SpecialBlock{v6(0x2001002000000000, 0, 28), "ORCHIDv2", "RFC 7343", Reach::Global},
    SpecialBlock{v6(0x2001003000000000, 0, 28), "Drone Remote ID Protocol Entity Tags (DETs)",
                 "RFC 9374", Reach::Global},
    SpecialBlock{v6(0x20010db800000000, 0, 32), "Documentation", "RFC 3849"},
    SpecialBlock{v6(0x2002000000000000, 0, 16), "6to4", "RFC 3056"},
    SpecialBlock{v6(0x2620004f80000000, 0, 48), "Direct Delegation AS112 Service", "RFC 7534",
                 Reach::Global},
    SpecialBlock{v6(0x3fff000000000000, 0, 20), "Documentation", "RFC 9637"},
    SpecialBlock{v6(0x5f00000000000000, 0, 16), "Segment Routing (SRv6) SIDs", "RFC 9602"},
    SpecialBlock{v6(0xfc00000000000000, 0, 7), "Unique-Local", "RFC 4193"},
    SpecialBlock{v6(0xfe80000000000000, 0, 10), "Link-Local Unicast", "RFC 4291"},
    SpecialBlock{v6(0xfec0000000000000, 0, 10), "Deprecated (Site-Local Unicast)", "RFC 3879"},
    SpecialBlock{v6(0xff00000000000000, 0, 8), "Multicast", "RFC 4291"},
};

PrefixMap<const SpecialBlock*> map_blocks() {
  PrefixMap<const SpecialBlock*> map;
  for (const SpecialBlock& block : kBlocks) {
    map.insert(block.prefix, &block);
  }
  return map;
}

}  // namespace

std::span<const SpecialBlock> special_blocks() {
  return kBlocks;
}

const SpecialBlock* find_special(const IpAddress& address) {
  static const PrefixMap<const SpecialBlock*> map = map_blocks();
  const auto* entry = map.longest_match(address);
  return entry == nullptr ? nullptr : entry->second;
}

}  // namespace isthmus::collector
