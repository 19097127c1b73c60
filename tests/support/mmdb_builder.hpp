#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/net/prefix.hpp"

namespace isthmus::testing {

/// Writes MaxMind databases (format 2.0, records of 24 bits): networks with a map of one text or
/// number each.
class MmdbBuilder {
 public:
  /// `family` is what the tree decides on: IPv4 networks of an IPv6 tree stand under ::/96.
  explicit MmdbBuilder(Family family) : family_{family} { nodes_.emplace_back(); }

  void add_number(std::string_view prefix, std::string_view key, std::uint32_t value) {
    std::string data = map_of(key);
    data += control(6, 4);
    for (int shift = 24; shift >= 0; shift -= 8) {
      data += static_cast<char>(value >> shift & 0xff);
    }
    add(*Prefix::parse(prefix), data);
  }
  void add_text(std::string_view prefix, std::string_view key, std::string_view value) {
    add(*Prefix::parse(prefix), map_of(key) + text(value));
  }

  [[nodiscard]] std::string build() const {
    std::string file;
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    for (const auto& node : nodes_) {
      for (const Record& record : node) {
        const std::uint32_t value = record.kind == Record::Node   ? record.value
                                    : record.kind == Record::Data ? count + 16 + record.value
                                                                  : count;
        for (int shift = 16; shift >= 0; shift -= 8) {
          file += static_cast<char>(value >> shift & 0xff);
        }
      }
    }
    file += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com" + control(7, 9);
    // Types past 7 have a byte of their own: 9 is a number of 64 bits, 11 a list.
    number(file, "node_count", control(6, 4), 4, count);
    number(file, "record_size", control(5, 2), 2, 24);
    number(file, "ip_version", control(5, 2), 2, family_ == Family::Ipv4 ? 4 : 6);
    number(file, "binary_format_major_version", control(5, 2), 2, 2);
    number(file, "binary_format_minor_version", control(5, 2), 2, 0);
    number(file, "build_epoch", std::string{"\x04\x02"}, 4, 1'765'152'000);
    file += text("database_type") + text("Test-ASN");
    file += text("languages") + std::string{"\x00\x04", 2};
    file += text("description") + control(7, 0);
    return file;
  }

 private:
  struct Record {
    enum Kind { Empty, Node, Data } kind = Empty;
    std::uint32_t value = 0;
  };

  static std::string control(unsigned type, std::size_t size) {
    return {static_cast<char>(type << 5 | static_cast<unsigned>(size))};
  }
  static std::string text(std::string_view value) {
    return control(2, value.size()) + std::string{value};
  }
  static std::string map_of(std::string_view key) { return control(7, 1) + text(key); }
  static void number(std::string& file, std::string_view key, const std::string& type, int octets,
                     std::uint32_t value) {
    file += text(key) + type;
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) {
      file += static_cast<char>(value >> shift & 0xff);
    }
  }

  void add(const Prefix& prefix, const std::string& data) {
    const bool inner = family_ == Family::Ipv6 && prefix.family() == Family::Ipv4;
    const unsigned skip = inner ? 96 : 0;
    const unsigned length = skip + prefix.length();
    std::uint32_t node = 0;
    for (unsigned i = 0; i < length; ++i) {
      const unsigned bit = i < skip ? 0 : prefix.address().bit(i - skip);
      if (i + 1 == length) {
        nodes_[node][bit] = {Record::Data, static_cast<std::uint32_t>(data_.size())};
        break;
      }
      if (nodes_[node][bit].kind != Record::Node) {
        nodes_[node][bit] = {Record::Node, static_cast<std::uint32_t>(nodes_.size())};
        nodes_.emplace_back();
      }
      node = nodes_[node][bit].value;
    }
    data_ += data;
  }

  Family family_;
  std::vector<std::array<Record, 2>> nodes_;
  std::string data_;
};

}  // namespace isthmus::testing
