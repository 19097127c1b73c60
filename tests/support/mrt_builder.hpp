#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.hpp"
#include "core/net/prefix.hpp"

/// Builds BGP messages and MRT records by hand: each function gives the bytes of one thing, and `+`
/// joins them.
namespace isthmus::testing {

inline std::string u8(std::uint64_t value) {
  return std::string(1, static_cast<char>(value & 0xff));
}
inline std::string u16(std::uint64_t value) {
  return u8(value >> 8) + u8(value);
}
inline std::string u32(std::uint64_t value) {
  return u16(value >> 16) + u16(value);
}
/// Two or four octets.
inline std::string asn(std::uint32_t value, unsigned width = 4) {
  return width == 4 ? u32(value) : u16(value);
}
/// Four or sixteen octets.
inline std::string address(std::string_view text) {
  const IpAddress parsed = IpAddress::parse(text).value();
  const auto octets = parsed.octets();
  return std::string{as_text(octets)}.substr(0, address_octets(parsed.family()));
}

/// A prefix as NLRI write it (RFC 4271 section 4.3).
inline std::string nlri(std::string_view text) {
  const Prefix prefix = Prefix::parse(text).value();
  return u8(prefix.length()) +
         address(prefix.address().to_string()).substr(0, (prefix.length() + 7) / 8);
}
/// The same with a path identifier (RFC 7911).
inline std::string nlri(std::string_view text, std::uint32_t path_id) {
  return u32(path_id) + nlri(text);
}

// Path attributes.

inline std::string attribute(unsigned flags, unsigned code, const std::string& value) {
  const bool extended = value.size() > 255 || (flags & 0x10) != 0;
  return u8(flags | (extended ? 0x10U : 0U)) + u8(code) +
         (extended ? u16(value.size()) : u8(value.size())) + value;
}
inline std::string segment(unsigned type, const std::vector<std::uint32_t>& asns,
                           unsigned width = 4) {
  std::string bytes = u8(type) + u8(asns.size());
  for (const std::uint32_t each : asns) {
    bytes += asn(each, width);
  }
  return bytes;
}
inline std::string origin(unsigned value = 0) {
  return attribute(0x40, 1, u8(value));
}
inline std::string as_path_of(const std::string& segments) {
  return attribute(0x40, 2, segments);
}
/// A path of one sequence.
inline std::string as_path(const std::vector<std::uint32_t>& asns, unsigned width = 4) {
  return as_path_of(segment(2, asns, width));
}
inline std::string next_hop(std::string_view text) {
  return attribute(0x40, 3, address(text));
}
inline std::string med(std::uint32_t value) {
  return attribute(0x80, 4, u32(value));
}
inline std::string local_pref(std::uint32_t value) {
  return attribute(0x40, 5, u32(value));
}
inline std::string aggregator(std::uint32_t number, std::string_view at, unsigned width = 4) {
  return attribute(0xc0, 7, asn(number, width) + address(at));
}
inline std::string communities(const std::vector<std::uint32_t>& values) {
  std::string bytes;
  for (const std::uint32_t value : values) {
    bytes += u32(value);
  }
  return attribute(0xc0, 8, bytes);
}
inline std::string mp_reach(unsigned afi, unsigned safi, const std::string& hop,
                            const std::string& prefixes) {
  return attribute(0x80, 14, u16(afi) + u8(safi) + u8(hop.size()) + hop + u8(0) + prefixes);
}
inline std::string mp_unreach(unsigned afi, unsigned safi, const std::string& prefixes) {
  return attribute(0x80, 15, u16(afi) + u8(safi) + prefixes);
}
inline std::string as4_path_of(const std::string& segments) {
  return attribute(0xc0, 17, segments);
}
inline std::string as4_path(const std::vector<std::uint32_t>& asns) {
  return as4_path_of(segment(2, asns));
}
inline std::string as4_aggregator(std::uint32_t number, std::string_view at) {
  return attribute(0xc0, 18, u32(number) + address(at));
}

// Messages and records.

/// The body of an UPDATE.
inline std::string update(const std::string& withdrawn, const std::string& attributes,
                          const std::string& prefixes) {
  return u16(withdrawn.size()) + withdrawn + u16(attributes.size()) + attributes + prefixes;
}
/// A BGP message with its marker and header.
inline std::string bgp(const std::string& body, unsigned type = 2) {
  return std::string(16, '\xff') + u16(body.size() + 19) + u8(type) + body;
}
/// Both ends of a session, as BGP4MP records begin: the peer's first.
inline std::string session(std::uint32_t peer, std::string_view peer_address, unsigned width = 4,
                           std::uint32_t local = 12654) {
  const bool six = peer_address.find(':') != std::string_view::npos;
  return asn(peer, width) + asn(local, width) + u16(0) + u16(six ? 2 : 1) + address(peer_address) +
         address(six ? "2001:db8::ffff" : "192.0.2.254");
}

inline constexpr std::uint32_t kTime = 1506848871;  // 2017-10-01T09:07:51Z

/// An MRT record: header and body.
inline std::string record(unsigned type, unsigned subtype, const std::string& body,
                          std::uint32_t seconds = kTime) {
  return u32(seconds) + u16(type) + u16(subtype) + u32(body.size()) + body;
}
/// BGP4MP_MESSAGE_AS4 of AS64500 at 192.0.2.1.
inline std::string message(const std::string& update_body, std::uint32_t seconds = kTime) {
  return record(16, 4, session(64500, "192.0.2.1") + bgp(update_body), seconds);
}
/// An UPDATE that announces prefixes over a path.
inline std::string announcement(const std::string& prefixes,
                                const std::vector<std::uint32_t>& path = {64500, 4837, 131279}) {
  return update({}, origin() + as_path(path) + next_hop("192.0.2.1"), prefixes);
}
struct IndexPeer {
  std::uint32_t asn = 0;
  std::string address;
  bool wide = true;
};
/// PEER_INDEX_TABLE.
inline std::string peer_index(const std::vector<IndexPeer>& peers, std::uint32_t seconds = kTime) {
  std::string body = address("198.51.100.1") + u16(4) + "view" + u16(peers.size());
  for (const IndexPeer& peer : peers) {
    const bool six = peer.address.find(':') != std::string::npos;
    body += u8((six ? 1U : 0U) | (peer.wide ? 2U : 0U)) + address("192.0.2.99") +
            address(peer.address) + asn(peer.asn, peer.wide ? 4 : 2);
  }
  return record(13, 1, body, seconds);
}
/// An entry of a TABLE_DUMP_V2 record.
inline std::string rib_entry(unsigned peer, const std::string& attributes,
                             std::uint32_t originated = kTime - 100) {
  return u16(peer) + u32(originated) + u16(attributes.size()) + attributes;
}
inline std::string rib_entry_add_path(unsigned peer, std::uint32_t path_id,
                                      const std::string& attributes,
                                      std::uint32_t originated = kTime - 100) {
  return u16(peer) + u32(originated) + u32(path_id) + u16(attributes.size()) + attributes;
}
/// A RIB record: RIB_IPV4_UNICAST unless another subtype is asked for.
inline std::string rib(std::string_view prefix, const std::vector<std::string>& entries,
                       unsigned subtype = 2, std::uint32_t sequence = 0) {
  std::string body = u32(sequence) + nlri(prefix) + u16(entries.size());
  for (const std::string& entry : entries) {
    body += entry;
  }
  return record(13, subtype, body);
}

/// Archives and damage that are the same in every run with the same seed.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_{seed} {}

  std::uint64_t below(std::uint64_t limit) { return limit == 0 ? 0 : engine_() % limit; }
  std::string bytes(std::size_t count) {
    std::string text(count, '\0');
    for (char& each : text) {
      each = static_cast<char>(below(256));
    }
    return text;
  }
  std::string prefix() {
    const unsigned length = 8 + static_cast<unsigned>(below(17));
    const auto value = static_cast<std::uint32_t>(engine_());
    return Prefix::covering(IpAddress::v4(value), length).to_string();
  }
  std::vector<std::uint32_t> path() {
    std::vector<std::uint32_t> asns(1 + below(7));
    for (std::uint32_t& each : asns) {
      each = static_cast<std::uint32_t>(1 + below(400000));
    }
    return asns;
  }
  /// One of the records that archives are made of.
  std::string archive_record(std::uint32_t seconds) {
    switch (below(6)) {
      case 0:
        return record(16, 5, session(64501, "192.0.2.1") + u16(below(7)) + u16(1 + below(6)),
                      seconds);
      case 1:
        return record(16, 4, session(64501, "192.0.2.1") + bgp(update(nlri(prefix()), {}, {})),
                      seconds);
      case 2:
        return record(
            17, 4,
            u32(below(1000000)) + session(64502, "2001:db8::1") +
                bgp(update({},
                           origin() + as_path(path()) +
                               mp_reach(2, 1, address("2001:db8::1"), nlri("2001:db8::/32")),
                           {})),
            seconds);
      case 3:
        return peer_index({{64500, "192.0.2.1"}, {64501, "2001:db8::1"}}, seconds) +
               rib(prefix(), {rib_entry(0, origin() + as_path(path()) + next_hop("192.0.2.1"))});
      default:
        return message(announcement(nlri(prefix()) + nlri(prefix()), path()), seconds);
    }
  }
  std::string archive(std::size_t count) {
    std::string bytes;
    for (std::size_t i = 0; i < count; ++i) {
      bytes += archive_record(kTime + static_cast<std::uint32_t>(i));
    }
    return bytes;
  }
  /// Damages bytes in one of the ways in which disks, networks and programs do.
  std::string damage(std::string bytes) {
    const std::size_t at = below(bytes.size());
    switch (below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.erase(at, below(40));
        break;
      case 2:
        bytes.insert(at, this->bytes(below(60)));
        break;
      case 3:
        bytes.insert(at, bytes.substr(below(bytes.size()), below(200)));
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ static_cast<char>(1U << below(8)));
    }
    return bytes;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace isthmus::testing
