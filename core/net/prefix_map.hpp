#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "core/net/prefix.hpp"

namespace isthmus {

/// Values by prefix, found by longest-prefix match. A binary trie over the bits of the address, one
/// root a family: made for tens to thousands of prefixes that change (targets, special-purpose
/// space); the frozen table of the whole Internet is collector/label's.
template <typename T>
class PrefixMap {
 public:
  using Entry = std::pair<Prefix, T>;

  /// Sets the value of a prefix, in place of one that was there.
  void insert(const Prefix& prefix, T value) {
    std::uint32_t node = root(prefix.family());
    for (unsigned i = 0; i < prefix.length(); ++i) {
      const unsigned bit = prefix.address().bit(i);
      if (nodes_[node].child[bit] == 0) {
        nodes_[node].child[bit] = static_cast<std::uint32_t>(nodes_.size());
        nodes_.emplace_back();
      }
      node = nodes_[node].child[bit];
    }
    if (nodes_[node].entry == kNone) {
      nodes_[node].entry = static_cast<std::uint32_t>(entries_.size());
      entries_.emplace_back(prefix, std::move(value));
    } else {
      entries_[nodes_[node].entry].second = std::move(value);
    }
  }

  /// The longest prefix around an address, or null.
  [[nodiscard]] const Entry* longest_match(const IpAddress& address) const {
    return walk(address, address_bits(address.family()), false);
  }
  /// The longest prefix that is, or contains, this one, or null.
  [[nodiscard]] const Entry* longest_match(const Prefix& prefix) const {
    return walk(prefix.address(), prefix.length(), false);
  }
  /// The value of exactly this prefix, or null.
  [[nodiscard]] const T* find(const Prefix& prefix) const {
    const Entry* entry = walk(prefix.address(), prefix.length(), true);
    return entry == nullptr ? nullptr : &entry->second;
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// All entries, in the order in which they were inserted.
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }

 private:
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  struct Node {
    std::uint32_t child[2] = {0, 0};
    std::uint32_t entry = kNone;
  };

  static std::uint32_t root(Family family) { return family == Family::Ipv4 ? 0 : 1; }

  [[nodiscard]] const Entry* walk(const IpAddress& address, unsigned length, bool exact) const {
    std::uint32_t node = root(address.family());
    std::uint32_t best = kNone;
    for (unsigned i = 0;; ++i) {
      if (nodes_[node].entry != kNone && (!exact || i == length)) {
        best = nodes_[node].entry;
      }
      if (i == length) {
        break;
      }
      node = nodes_[node].child[address.bit(i)];
      if (node == 0) {
        break;
      }
    }
    return best == kNone ? nullptr : &entries_[best];
  }

  std::vector<Node> nodes_ = std::vector<Node>(2);
  std::vector<Entry> entries_;
};

}  // namespace isthmus
