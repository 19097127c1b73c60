#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/net/prefix.hpp"

namespace isthmus::bench {

/// Writes a MaxMind DB of addresses to ASes (format 2.0, records of 24 bits, both families in one
/// tree), as the free ASN databases are laid out, so that libmaxminddb can be asked for the very
/// prefixes that our table holds.
class MmdbWriter {
 public:
  /// Prefixes come in ascending order: what is less specific first.
  void add(const Prefix& prefix, std::uint32_t asn) {
    // IPv4 lies under ::/96.
    const bool is_v4 = prefix.family() == Family::Ipv4;
    const unsigned offset = is_v4 ? 96 : 0;
    const auto bit = [&](unsigned index) {
      if (index < offset) {
        return 0U;
      }
      if (is_v4) {
        return prefix.address().v4_value() >> (127 - index) & 1U;
      }
      const std::uint64_t word = index < 64 ? prefix.address().high() : prefix.address().low();
      return static_cast<unsigned>(word >> (63 - index % 64) & 1U);
    };
    std::uint32_t node = 0;
    const unsigned last = prefix.length() + offset - 1;
    for (unsigned index = 0; index < last; ++index) {
      const std::uint32_t child = nodes_[node][bit(index)];
      if (is_node(child)) {
        node = child;
        continue;
      }
      const auto made = static_cast<std::uint32_t>(nodes_.size());
      nodes_.push_back({child, child});
      nodes_[node][bit(index)] = made;
      node = made;
    }
    nodes_[node][bit(last)] = kLeaf | asn_offset(asn);
  }

  /// The whole file.
  [[nodiscard]] std::string bytes() const {
    std::string out;
    out.reserve(nodes_.size() * 6 + data_.size());
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    for (const auto& node : nodes_) {
      for (const std::uint32_t record : node) {
        const std::uint32_t value = is_node(record)   ? record
                                    : record == kNone ? count
                                                      : (record & ~kLeaf) + count + 16;
        put(out, value, 3);
      }
    }
    out.append(16, '\0');
    out += data_;
    out += "\xab\xcd\xefMaxMind.com";
    out += static_cast<char>(kMap << 5 | 9);
    number(out, "node_count", kUint32, count, 4);
    number(out, "record_size", kUint16, 24, 2);
    number(out, "ip_version", kUint16, 6, 2);
    number(out, "binary_format_major_version", kUint16, 2, 2);
    number(out, "binary_format_minor_version", kUint16, 0, 2);
    text(out, "build_epoch");
    out += "\x08\x02";  // an extended type: uint64, of 8 bytes
    put(out, 1'600'000'000, 8);
    text(out, "database_type");
    text(out, "GeoLite2-ASN");
    text(out, "languages");
    out.append("\x00\x04", 2);  // an empty array
    text(out, "description");
    out += static_cast<char>(kMap << 5);
    return out;
  }

 private:
  static constexpr std::uint32_t kLeaf = 1U << 31;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr unsigned kText = 2;
  static constexpr unsigned kUint16 = 5;
  static constexpr unsigned kUint32 = 6;
  static constexpr unsigned kMap = 7;
  static constexpr const char* kAsnKey = "autonomous_system_number";

  static bool is_node(std::uint32_t record) { return (record & kLeaf) == 0; }
  static void put(std::string& out, std::uint64_t value, unsigned octets) {
    for (unsigned i = octets; i-- > 0;) {
      out += static_cast<char>(value >> (8 * i) & 0xff);
    }
  }
  static void text(std::string& out, std::string_view value) {
    constexpr std::size_t kShort = 29;
    out += static_cast<char>(kText << 5 | (value.size() < kShort ? value.size() : kShort));
    if (value.size() >= kShort) {
      out += static_cast<char>(value.size() - kShort);
    }
    out += value;
  }
  static void number(std::string& out, std::string_view key, unsigned type, std::uint32_t value,
                     unsigned octets) {
    text(out, key);
    out += static_cast<char>(type << 5 | octets);
    put(out, value, octets);
  }
  /// Where the data of an AS lies; written at its first use.
  std::uint32_t asn_offset(std::uint32_t asn) {
    const auto [found, fresh] = offsets_.emplace(asn, static_cast<std::uint32_t>(data_.size()));
    if (fresh) {
      data_ += static_cast<char>(kMap << 5 | 1);
      number(data_, kAsnKey, kUint32, asn, 4);
    }
    return found->second;
  }

  std::vector<std::array<std::uint32_t, 2>> nodes_{{kNone, kNone}};
  std::unordered_map<std::uint32_t, std::uint32_t> offsets_;  ///< by AS
  std::string data_;
};

}  // namespace isthmus::bench
