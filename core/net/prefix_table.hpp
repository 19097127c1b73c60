#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/base/result.hpp"
#include "core/net/prefix.hpp"

namespace isthmus {

/// A frozen longest-prefix-match table for the routes of the whole Internet, both families.
///
/// The first 16 bits of an address index a root; below it every node decides 8 bits. The 256 slots
/// of a node are stored as runs of equal slots: a bitmap of the starts and the slots themselves,
/// found by counting bits (the leaf compression of Poptrie, Asai and Ohara, SIGCOMM 2015). A lookup
/// of IPv4 touches three cache lines for a /24, five for anything longer. No prefix is stored: a
/// leaf holds the value and the length, and the address that was asked for has the bits.
class PrefixTable {
 public:
  /// Values have 24 bits: they are numbers of something else, such as sets of origins.
  static constexpr std::uint32_t kMaxValue = (1U << 24) - 1;

  struct Entry {
    Prefix prefix;
    std::uint32_t value = 0;
  };
  struct Match {
    std::uint32_t value = 0;
    unsigned length = 0;  ///< of the longest prefix around the address, in bits
    friend bool operator==(const Match&, const Match&) = default;
  };

  /// A table without entries.
  PrefixTable() = default;
  /// Builds from entries in strictly ascending order of their prefixes. An error: another order, a
  /// prefix twice, a value above `kMaxValue`, or more than 2^24 nodes.
  static Result<PrefixTable> build(std::span<const Entry> sorted);

  /// The longest prefix around an address, or nothing.
  [[nodiscard]] std::optional<Match> longest_match(const IpAddress& address) const {
    return address.is_v4() ? longest_match_v4(address.v4_value()) : longest_match_v6(address);
  }
  /// The same for the 32 bits of an IPv4 address.
  [[nodiscard]] std::optional<Match> longest_match_v4(std::uint32_t address) const {
    std::uint32_t slot = roots_[0].slots[address >> 16 & roots_[0].mask];
    if (is_node(slot)) {
      slot = descend(slot, address >> 8 & 0xff);
      if (is_node(slot)) {
        slot = descend(slot, address & 0xff);
      }
    }
    return to_match(slot);
  }
  [[nodiscard]] std::optional<Match> longest_match_v6(const IpAddress& address) const;

  /// Number of prefixes.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Memory held, in bytes.
  [[nodiscard]] std::size_t bytes() const;

 private:
  class Builder;

  // A slot is a leaf (value << 8 | length), nothing (kNone) or a node (number << 8 | kNodeMark).
  static constexpr std::uint32_t kNodeMark = 0xff;
  static constexpr std::uint32_t kNone = 0xfe;

  struct Word {
    std::uint64_t starts = 0;  ///< bit i: slot i begins a run
    std::uint32_t before = 0;  ///< position in `runs_` of the first run that begins here
  };
  struct alignas(64) Node {
    std::array<Word, 4> words;
  };

  /// 2^16 slots; a family without prefixes has one that stands for all, so that small tables are
  /// small.
  struct Root {
    std::vector<std::uint32_t> slots = {kNone};
    std::uint32_t mask = 0;
  };

  static bool is_node(std::uint32_t slot) { return (slot & 0xff) == kNodeMark; }
  static std::optional<Match> to_match(std::uint32_t slot) {
    return slot == kNone ? std::nullopt : std::optional{Match{slot >> 8, slot & 0xff}};
  }
  [[nodiscard]] std::uint32_t descend(std::uint32_t slot, std::uint32_t index) const {
    const Word& word = nodes_[slot >> 8].words[index >> 6];
    const std::uint64_t up_to = word.starts << (63 - (index & 63));
    // Slot 0 always begins a run, so the sum is at least one.
    return runs_[word.before + static_cast<std::uint32_t>(count_bits(up_to)) - 1];
  }
  /// std::popcount is a call into libgcc where the instruction cannot be taken for granted.
  static std::uint64_t count_bits(std::uint64_t bits) {
#if defined(__POPCNT__) || defined(__aarch64__)
    return static_cast<std::uint64_t>(std::popcount(bits));
#else
    bits -= bits >> 1 & 0x5555555555555555ULL;
    bits = (bits & 0x3333333333333333ULL) + (bits >> 2 & 0x3333333333333333ULL);
    bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
    return bits * 0x0101010101010101ULL >> 56;
#endif
  }

  std::array<Root, 2> roots_;  ///< IPv4, IPv6
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> runs_;
  std::size_t size_ = 0;
};

}  // namespace isthmus
