#include "core/net/prefix_table.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace isthmus {
namespace {

constexpr unsigned kRootBits = 16;
constexpr unsigned kStride = 8;
constexpr std::size_t kMaxNodes = std::size_t{1} << 24;

/// The bits of an address that index the slots at a depth: the first 16, or one octet.
std::uint32_t slot_index(const IpAddress& address, unsigned depth) {
  if (depth == 0) {
    return static_cast<std::uint32_t>(address.high() >> 48);
  }
  const std::uint64_t word = depth < 64 ? address.high() : address.low();
  return static_cast<std::uint32_t>(word >> (56 - depth % 64) & 0xff);
}

}  // namespace

class PrefixTable::Builder {
 public:
  explicit Builder(PrefixTable& table) : table_{table} {}

  void fill_root(std::span<const Entry> entries, Root& root) {
    if (!entries.empty()) {
      root.slots.assign(std::size_t{1} << kRootBits, kNone);
      root.mask = (1U << kRootBits) - 1;
      fill(entries, 0, root.slots);
    }
  }

  [[nodiscard]] bool full() const { return full_; }

 private:
  /// Fills the slots at a depth from entries that all lie below it, in ascending order.
  ///
  /// What contains a prefix stands before it, so a longer prefix simply overwrites, and a slot has
  /// its final leaf when the first prefix that needs a node of its own is met there.
  void fill(std::span<const Entry> entries, unsigned depth, std::span<std::uint32_t> slots) {
    const unsigned end = depth + (depth == 0 ? kRootBits : kStride);
    for (std::size_t i = 0; i < entries.size();) {
      const Entry& entry = entries[i];
      const std::uint32_t first = slot_index(entry.prefix.address(), depth);
      if (entry.prefix.length() <= end) {
        const std::uint32_t leaf = entry.value << 8 | entry.prefix.length();
        const std::size_t count = std::size_t{1} << (end - entry.prefix.length());
        std::ranges::fill(slots.subspan(first, count), leaf);
        ++i;
        continue;
      }
      std::size_t next = i + 1;
      while (next < entries.size() && slot_index(entries[next].prefix.address(), depth) == first) {
        ++next;
      }
      slots[first] = node(entries.subspan(i, next - i), end, slots[first]);
      i = next;
    }
  }

  std::uint32_t node(std::span<const Entry> entries, unsigned depth, std::uint32_t inherited) {
    std::array<std::uint32_t, 256> slots{};
    slots.fill(inherited);
    fill(entries, depth, slots);
    if (table_.nodes_.size() == kMaxNodes) {
      full_ = true;
      return inherited;
    }
    Node node;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Word& word = node.words[i / 64];
      if (i % 64 == 0) {
        word.before = static_cast<std::uint32_t>(table_.runs_.size());
      }
      if (i == 0 || slots[i] != slots[i - 1]) {
        word.starts |= std::uint64_t{1} << i % 64;
        table_.runs_.push_back(slots[i]);
      }
    }
    table_.nodes_.push_back(node);
    return static_cast<std::uint32_t>(table_.nodes_.size() - 1) << 8 | kNodeMark;
  }

  PrefixTable& table_;
  bool full_ = false;
};

Result<PrefixTable> PrefixTable::build(std::span<const Entry> sorted) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && sorted[i].prefix <= sorted[i - 1].prefix) {
      return fail(sorted[i].prefix.to_string() + ": not in ascending order, or there twice");
    }
    if (sorted[i].value > kMaxValue) {
      return fail(sorted[i].prefix.to_string() + ": the value has more than 24 bits");
    }
  }
  const auto split = static_cast<std::size_t>(
      std::ranges::partition_point(
          sorted, [](const Entry& entry) { return entry.prefix.family() == Family::Ipv4; }) -
      sorted.begin());
  PrefixTable table;
  Builder builder{table};
  builder.fill_root(sorted.first(split), table.roots_[0]);
  builder.fill_root(sorted.subspan(split), table.roots_[1]);
  if (builder.full()) {
    return fail("the prefixes need more than 2^24 nodes");
  }
  table.nodes_.shrink_to_fit();
  table.runs_.shrink_to_fit();
  table.size_ = sorted.size();
  return table;
}

std::optional<PrefixTable::Match> PrefixTable::longest_match_v6(const IpAddress& address) const {
  std::uint32_t slot = roots_[1].slots[slot_index(address, 0) & roots_[1].mask];
  for (unsigned depth = kRootBits; is_node(slot); depth += kStride) {
    slot = descend(slot, slot_index(address, depth));
  }
  return to_match(slot);
}

std::size_t PrefixTable::bytes() const {
  return (roots_[0].slots.capacity() + roots_[1].slots.capacity() + runs_.capacity()) *
             sizeof(std::uint32_t) +
         nodes_.capacity() * sizeof(Node);
}

}  // namespace isthmus
