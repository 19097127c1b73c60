#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/heap.hpp"
#include "core/base/slab_heap.hpp"

namespace isthmus::collector {

/// Where the tables of one owner keep their entries, and what they take together.
struct TableMemory {
  SlabHeap leaves;
  std::size_t lists = 0;  ///< bytes of the lists of leaves
  [[nodiscard]] std::size_t bytes() const { return leaves.reserved() + lists; }
};

/// Entries in the order of their keys, in leaves that are small hash tables: the top says which
/// leaf holds a range of keys, a hash where in it a key is.
///
/// Made for the routes of a BGP peer, which come in order when a table is dumped and at random
/// later. `tests/bench/rib_bench containers` compares it with hash tables: it is nearly as fast as
/// the fastest, smaller, never stops to grow, and is walked in order, from any key, without a sort
/// of the whole. No operation moves more than a leaf and, seldom, the list of leaves.
///
/// An Entry is a plain struct with `Key key() const`, `bool is_free() const` (true for a zeroed
/// one) and `static std::uint64_t hash(const Key&, std::uint64_t seed)`; a Key has an order and a
/// member `high`, the 64 bits that nearly always decide it. Pointers last until the table changes.
/// Not for several threads.
template <typename Entry>
class OrderedTable {
 public:
  using Key = decltype(std::declval<const Entry&>().key());

  /// `memory` is the owner's, and outlives the table. A secret seed keeps others from choosing keys
  /// that collide within a leaf.
  OrderedTable(TableMemory* memory, std::uint64_t seed) : seed_{seed}, memory_{memory} {}
  ~OrderedTable() { memory_->lists -= counted_; }
  OrderedTable(const OrderedTable&) = delete;
  OrderedTable& operator=(const OrderedTable&) = delete;
  OrderedTable(OrderedTable&&) = delete;
  OrderedTable& operator=(OrderedTable&&) = delete;

  /// The entry of a key, or null.
  [[nodiscard]] Entry* find(const Key& key) {
    return const_cast<Entry*>(std::as_const(*this).find(key));
  }
  [[nodiscard]] const Entry* find(const Key& key) const {
    if (leaves_.empty()) {
      return nullptr;
    }
    const Leaf& leaf = *leaves_[leaf_of(key)];
    const Entry& entry = leaf.entries[probe(leaf, key)];
    return entry.is_free() ? nullptr : &entry;
  }
  /// The entry of this entry's key, or null, and then it has been added.
  [[nodiscard]] Entry* find_or_insert(const Entry& entry);
  /// Adds an entry whose key is not there.
  void insert(const Entry& entry) { static_cast<void>(find_or_insert(entry)); }
  /// Removes the entry that `find` has just returned.
  void erase(Entry* entry);

  /// Removes the entries for which `is_gone` holds, from a key on, until as many as `budget` were
  /// looked at (or a few more: a leaf is gone through whole). What is left of the budget is given
  /// back in it, and where to go on in `from`. True at the end.
  template <typename Predicate>
  bool sweep(Key& from, std::size_t& budget, Predicate&& is_gone);
  /// Shows all entries, to be changed in all but their keys, in no order.
  template <typename Change>
  void change_all(Change&& change) {
    for (const auto& leaf : leaves_) {
      for (Entry& entry : leaf->entries) {
        if (!entry.is_free()) {
          change(entry);
        }
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Bytes that the leaves and their lists take.
  [[nodiscard]] std::size_t bytes() const {
    return leaves_.size() * SlabHeap::object_bytes(sizeof(Leaf)) + list_bytes();
  }

 private:
  static constexpr std::size_t kSlots = 256;
  static constexpr std::size_t kMost = 208;  ///< entries in a leaf: a probe then ends soon

  struct Leaf {
    Key first;  ///< not above any key of this leaf, and above all keys of the leaf before
    Key last;   ///< not below any key of this leaf
    std::size_t count = 0;
    std::array<Entry, kSlots> entries;
  };
  struct GiveBack {
    SlabHeap* heap;
    void operator()(Leaf* leaf) const { heap->release(leaf, sizeof(Leaf)); }
  };
  using OwnedLeaf = std::unique_ptr<Leaf, GiveBack>;

 public:
  /// Walks in order from a key. Any change of the table ends the walk.
  class Walk {
   public:
    Walk() = default;
    Walk(const OrderedTable& table, const Key& from);
    /// The entry at hand, null at the end.
    [[nodiscard]] const Entry* get() const { return entry_; }
    void advance() {
      ++position_;
      settle();
    }

   private:
    void load();
    void settle();

    const OrderedTable* table_ = nullptr;
    std::size_t leaf_ = 0;
    std::size_t position_ = 0;
    std::size_t count_ = 0;
    std::array<std::uint8_t, kMost> order_;  ///< of the entries in the leaf
    const Entry* entry_ = nullptr;
  };

 private:
  [[nodiscard]] std::size_t leaf_of(const Key& key) const;
  [[nodiscard]] std::size_t home(const Key& key) const {
    return static_cast<std::size_t>(Entry::hash(key, seed_) >> 56);
  }
  [[nodiscard]] std::size_t probe(const Leaf& leaf, const Key& key) const;
  void put(Leaf& leaf, const Entry& entry) {
    leaf.entries[probe(leaf, entry.key())] = entry;
    ++leaf.count;
  }
  void add_leaf(std::size_t at, const Key& first);
  void drop_leaf(std::size_t at);
  std::size_t split(std::size_t at, const Key& key);
  void tidy(std::size_t at);
  bool merge(std::size_t at);
  [[nodiscard]] std::size_t list_bytes() const { return heap_bytes(leaves_) + heap_bytes(highs_); }
  void count_bytes() { memory_->lists += list_bytes() - std::exchange(counted_, list_bytes()); }

  std::vector<std::uint64_t> highs_;  ///< of the leaves' first keys
  std::vector<OwnedLeaf> leaves_;
  std::uint64_t seed_;
  std::size_t size_ = 0;
  std::size_t last_used_ = 0;  ///< a leaf to be tried first; perhaps none any more
  TableMemory* memory_;
  std::size_t counted_ = 0;  ///< bytes of ours that are in the owner's counter
};

template <typename Entry>
std::size_t OrderedTable<Entry>::leaf_of(const Key& key) const {
  if (last_used_ < highs_.size() && highs_[last_used_] < key.high &&
      (last_used_ + 1 == highs_.size() || key.high < highs_[last_used_ + 1])) {
    return last_used_;  // a dump in order comes here again and again
  }
  // Without a branch on what is compared, which would be mispredicted every second time.
  const std::uint64_t* first = highs_.data();
  std::size_t left = highs_.size();
  while (left > 1) {
    const std::size_t half = left / 2;
    first += half & (std::size_t{0} - static_cast<std::size_t>(first[half] <= key.high));
    left -= half;
  }
  const auto at = static_cast<std::size_t>(first - highs_.data());
  if (at == 0 || highs_[at] < key.high || leaves_[at]->first <= key) {
    return at;  // seldom by the last: a leaf's head is a cache line more
  }
  // Leaves may begin with equal first halves.
  const auto equal =
      std::lower_bound(highs_.begin(), highs_.begin() + static_cast<std::ptrdiff_t>(at), key.high);
  auto begin = leaves_.begin() + (equal - highs_.begin());
  const auto behind = std::partition_point(begin, leaves_.begin() + static_cast<std::ptrdiff_t>(at),
                                           [&](const auto& leaf) { return leaf->first <= key; });
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(behind - leaves_.begin() - 1, 0));
}

/// Where the key is in the leaf, or the free entry where it would be.
template <typename Entry>
std::size_t OrderedTable<Entry>::probe(const Leaf& leaf, const Key& key) const {
  std::size_t slot = home(key);
  while (!leaf.entries[slot].is_free() && leaf.entries[slot].key() != key) {
    slot = (slot + 1) % kSlots;
  }
  return slot;
}

template <typename Entry>
void OrderedTable<Entry>::add_leaf(std::size_t at, const Key& first) {
  static_assert(std::is_trivially_destructible_v<Leaf>);
  OwnedLeaf leaf{::new (memory_->leaves.allocate(sizeof(Leaf))) Leaf{}, {&memory_->leaves}};
  leaf->first = leaf->last = first;
  highs_.insert(highs_.begin() + static_cast<std::ptrdiff_t>(at), first.high);
  leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(at), std::move(leaf));
}

template <typename Entry>
void OrderedTable<Entry>::drop_leaf(std::size_t at) {
  highs_.erase(highs_.begin() + static_cast<std::ptrdiff_t>(at));
  leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(at));
  if (leaves_.size() < leaves_.capacity() / 4) {
    highs_.shrink_to_fit();
    leaves_.shrink_to_fit();
  }
}

template <typename Entry>
Entry* OrderedTable<Entry>::find_or_insert(const Entry& entry) {
  const Key key = entry.key();
  if (leaves_.empty()) {
    add_leaf(0, key);
    count_bytes();
  }
  std::size_t at = leaf_of(key);
  std::size_t slot = probe(*leaves_[at], key);
  if (!leaves_[at]->entries[slot].is_free()) {
    return &leaves_[at]->entries[slot];
  }
  if (leaves_[at]->count == kMost) {
    at = split(at, key);
    slot = probe(*leaves_[at], key);
    count_bytes();
  }
  Leaf& leaf = *leaves_[at];
  if (key < leaf.first) {  // of the first leaf alone
    leaf.first = key;
    highs_[at] = key.high;
  }
  leaf.last = std::max(leaf.last, key);
  leaf.entries[slot] = entry;
  ++leaf.count;
  ++size_;
  last_used_ = at;
  return nullptr;
}

/// Makes room for a key; returns the leaf where it belongs then.
template <typename Entry>
std::size_t OrderedTable<Entry>::split(std::size_t at, const Key& key) {
  if (leaves_[at]->last < key) {
    // Who appends goes on to append: the full leaf stays full.
    add_leaf(at + 1, key);
    return at + 1;
  }
  std::array<Entry, kMost> all;
  Leaf& left = *leaves_[at];
  std::copy_if(left.entries.begin(), left.entries.end(), all.begin(),
               [](const Entry& entry) { return !entry.is_free(); });
  const auto middle = all.begin() + kMost / 2;
  std::nth_element(all.begin(), middle, all.end(),
                   [](const Entry& one, const Entry& other) { return one.key() < other.key(); });
  add_leaf(at + 1, middle->key());
  Leaf& right = *leaves_[at + 1];
  right.last = left.last;
  left.last = right.first;
  left.entries.fill(Entry{});
  left.count = 0;
  std::for_each(all.begin(), middle, [&](const Entry& entry) { put(left, entry); });
  std::for_each(middle, all.end(), [&](const Entry& entry) { put(right, entry); });
  return key < right.first ? at : at + 1;
}

template <typename Entry>
void OrderedTable<Entry>::erase(Entry* entry) {
  const std::size_t at = leaf_of(entry->key());
  Leaf& leaf = *leaves_[at];
  auto hole = static_cast<std::size_t>(entry - leaf.entries.data());
  for (std::size_t next = (hole + 1) % kSlots; !leaf.entries[next].is_free();
       next = (next + 1) % kSlots) {
    // Whatever a probe would not find any more behind the hole moves into it.
    const std::size_t way = (next - home(leaf.entries[next].key())) % kSlots;
    if (way >= (next - hole) % kSlots) {
      leaf.entries[hole] = leaf.entries[next];
      hole = next;
    }
  }
  leaf.entries[hole] = Entry{};
  --leaf.count;
  --size_;
  if (leaf.count < kMost / 4) {
    tidy(at);
  }
}

/// After removals: an empty leaf goes, a small one joins a neighbour.
template <typename Entry>
void OrderedTable<Entry>::tidy(std::size_t at) {
  if (leaves_[at]->count == 0) {
    drop_leaf(at);
    count_bytes();
  } else if ((at > 0 && merge(at - 1)) || merge(at)) {
    count_bytes();
  }
}

/// Joins a leaf with the next one if both fit with room to spare.
template <typename Entry>
bool OrderedTable<Entry>::merge(std::size_t at) {
  if (at + 1 >= leaves_.size() || leaves_[at]->count + leaves_[at + 1]->count > kMost * 3 / 4) {
    return false;
  }
  Leaf& left = *leaves_[at];
  for (const Entry& entry : leaves_[at + 1]->entries) {
    if (!entry.is_free()) {
      put(left, entry);
    }
  }
  left.last = leaves_[at + 1]->last;
  drop_leaf(at + 1);
  return true;
}

template <typename Entry>
template <typename Predicate>
bool OrderedTable<Entry>::sweep(Key& from, std::size_t& budget, Predicate&& is_gone) {
  std::size_t at = leaves_.empty() ? 0 : leaf_of(from);
  while (at < leaves_.size() && budget > 0) {
    Leaf& leaf = *leaves_[at];
    from = leaf.last;
    budget -= std::min(budget, leaf.count);
    std::array<Entry, kMost> kept;
    std::size_t count = 0;
    for (const Entry& entry : leaf.entries) {
      if (!entry.is_free() && !is_gone(entry)) {
        kept[count++] = entry;
      }
    }
    const bool is_last = at + 1 == leaves_.size();
    if (count == leaf.count) {
      ++at;
    } else {
      size_ -= leaf.count - count;
      leaf.entries.fill(Entry{});
      leaf.count = 0;
      std::for_each_n(kept.begin(), count, [&](const Entry& entry) { put(leaf, entry); });
      const bool joins = count > 0 && at > 0 && merge(at - 1);
      if (count == 0) {
        drop_leaf(at);
      } else if (!joins) {
        ++at;
      }
      count_bytes();
    }
    if (is_last) {
      return true;
    }
  }
  if (at >= leaves_.size()) {
    return true;
  }
  from = leaves_[at]->first;
  return false;
}

template <typename Entry>
OrderedTable<Entry>::Walk::Walk(const OrderedTable& table, const Key& from) : table_{&table} {
  if (table.leaves_.empty()) {
    return;
  }
  leaf_ = table.leaf_of(from);
  load();
  const auto& entries = table.leaves_[leaf_]->entries;
  const auto* const begin = order_.data();
  position_ = static_cast<std::size_t>(
      std::partition_point(begin, begin + count_,
                           [&](std::uint8_t slot) { return entries[slot].key() < from; }) -
      begin);
  settle();
}

/// Puts the entries of the leaf into order.
template <typename Entry>
void OrderedTable<Entry>::Walk::load() {
  const Leaf& leaf = *table_->leaves_[leaf_];
  count_ = 0;
  for (std::size_t slot = 0; slot < kSlots; ++slot) {
    if (!leaf.entries[slot].is_free()) {
      order_[count_++] = static_cast<std::uint8_t>(slot);
    }
  }
  std::sort(order_.data(), order_.data() + count_, [&](std::uint8_t one, std::uint8_t other) {
    return leaf.entries[one].key() < leaf.entries[other].key();
  });
  position_ = 0;
}

template <typename Entry>
void OrderedTable<Entry>::Walk::settle() {
  while (position_ == count_ && leaf_ + 1 < table_->leaves_.size()) {
    ++leaf_;
    load();
  }
  entry_ = position_ < count_ ? &table_->leaves_[leaf_]->entries[order_[position_]] : nullptr;
}

}  // namespace isthmus::collector
