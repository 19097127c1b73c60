#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/heap.hpp"

namespace isthmus::collector {

/// A key of OrderedTable: the 64 bits that nearly always decide, and what decides where they are
/// equal.
template <typename Rest>
struct SplitKey {
  std::uint64_t high;
  Rest rest;
  friend auto operator<=>(const SplitKey&, const SplitKey&) = default;
};

/// Values in the order of their keys: a B+ tree of three levels, whose top has no limit.
///
/// Made for the routes of a BGP peer, which come in order when a table is dumped and at random
/// later. Measured against hash tables (`tests/bench/rib_bench containers`) it is smaller, faster
/// to fill in order and slower at random; in exchange it never stops to grow, cannot be slowed down
/// by chosen keys, and is walked in order from any key without a sort. No operation moves more than
/// a leaf, a branch and the top's few entries.
///
/// Pointers and places last until the table changes. Not for several threads.
template <typename Rest, typename Value>
class OrderedTable {
 public:
  using Key = SplitKey<Rest>;

  /// `total` is a counter of the owner's, to which the table adds the bytes that it takes.
  explicit OrderedTable(std::size_t* total) : total_{total} {}
  ~OrderedTable() { *total_ -= counted_; }
  OrderedTable(const OrderedTable&) = delete;
  OrderedTable& operator=(const OrderedTable&) = delete;
  OrderedTable(OrderedTable&&) = delete;
  OrderedTable& operator=(OrderedTable&&) = delete;

  /// Where a key is, or would be.
  struct Place {
    std::size_t branch = 0;
    std::size_t leaf = 0;
    std::size_t slot = 0;
    bool found = false;
  };

  [[nodiscard]] Place locate(const Key& key) const;
  [[nodiscard]] Value& at(const Place& place) { return leaf_at(place).values[place.slot]; }
  [[nodiscard]] const Value& at(const Place& place) const {
    return leaf_at(place).values[place.slot];
  }
  [[nodiscard]] Key key_at(const Place& place) const {
    const Leaf& leaf = leaf_at(place);
    return {leaf.highs[place.slot], leaf.rests[place.slot]};
  }
  /// Adds a key that `locate` has just not found.
  void insert(Place place, const Key& key, const Value& value);
  /// Removes what `locate` has just found.
  void erase(const Place& place);

  /// Walking in order: the first place at or behind a key, and the one behind a place. False at the
  /// end.
  [[nodiscard]] bool seek(const Key& key, Place& place) const {
    place = locate(key);
    return settle(place);
  }
  [[nodiscard]] bool advance(Place& place) const {
    ++place.slot;
    return settle(place);
  }

  /// Removes the values for which `is_gone` holds, from a key on, until as many as `budget` were
  /// looked at (or a few more: a leaf is gone through whole). What is left of the budget is given
  /// back in it, and where to go on in `from`. True at the end.
  template <typename Predicate>
  bool sweep(Key& from, std::size_t& budget, Predicate&& is_gone);

  [[nodiscard]] std::size_t size() const { return size_; }
  /// Bytes of the heap, the allocator's own included.
  [[nodiscard]] std::size_t bytes() const {
    return leaves_ * heap_bytes(sizeof(Leaf)) + branches_.size() * heap_bytes(sizeof(Branch)) +
           heap_bytes(branches_) + heap_bytes(firsts_);
  }

 private:
  static constexpr std::size_t kLeaf = 64;
  static constexpr std::size_t kBranch = 64;

  struct Leaf {
    std::size_t count;
    std::array<std::uint64_t, kLeaf> highs;
    std::array<Rest, kLeaf> rests;
    std::array<Value, kLeaf> values;
  };
  /// A separator is not above any key of its leaf, and above all keys of the leaf before.
  struct Branch {
    std::size_t count = 0;
    std::array<std::uint64_t, kBranch> highs;
    std::array<Rest, kBranch> rests;
    std::array<std::unique_ptr<Leaf>, kBranch> leaves;
  };

  [[nodiscard]] Leaf& leaf_at(const Place& place) const {
    return *branches_[place.branch]->leaves[place.leaf];
  }
  /// How many of the keys of a node are below a key.
  template <typename Node>
  static std::size_t count_below(const Node& node, const Key& key);
  [[nodiscard]] bool settle(Place& place) const;
  std::unique_ptr<Leaf> make_leaf() {
    ++leaves_;
    auto leaf = std::make_unique_for_overwrite<Leaf>();
    leaf->count = 0;
    return leaf;
  }
  template <typename Node>
  static void move_keys(Node& from, std::size_t first, std::size_t last, Node& to, std::size_t at);
  static void move_slots(Leaf& from, std::size_t first, std::size_t last, Leaf& to,
                         std::size_t at) {
    move_keys(from, first, last, to, at);
    move_array(from.values, first, last, to.values, at);
  }
  static void move_slots(Branch& from, std::size_t first, std::size_t last, Branch& to,
                         std::size_t at) {
    move_keys(from, first, last, to, at);
    move_array(from.leaves, first, last, to.leaves, at);
  }
  template <typename Array>
  static void move_array(Array& from, std::size_t first, std::size_t last, Array& to,
                         std::size_t at);
  void split_leaf(Place& place, const Key& key);
  void split_branch(Place& place);
  bool merge_leaves(std::size_t branch, std::size_t leaf);
  void drop_leaf(std::size_t branch, std::size_t leaf);
  bool merge_branches(std::size_t branch);
  void drop_branch(std::size_t branch);
  void tidy(std::size_t branch, std::size_t leaf);
  void count_bytes() { *total_ += bytes() - std::exchange(counted_, bytes()); }

  std::vector<Key> firsts_;  ///< the separators of the branches
  std::vector<std::unique_ptr<Branch>> branches_;
  std::size_t size_ = 0;
  std::size_t leaves_ = 0;
  std::size_t* total_;
  std::size_t counted_ = 0;  ///< bytes of ours that are in the owner's counter
};

template <typename Rest, typename Value>
template <typename Node>
std::size_t OrderedTable<Rest, Value>::count_below(const Node& node, const Key& key) {
  // Without a branch that could be mispredicted: the compiler makes conditional moves of it.
  const std::uint64_t* first = node.highs.data();
  std::size_t left = node.count;
  while (left > 1) {
    const std::size_t half = left / 2;
    first = first[half - 1] < key.high ? first + half : first;
    left -= half;
  }
  auto below = static_cast<std::size_t>(first - node.highs.data());
  below += left == 1 && *first < key.high ? 1U : 0U;
  while (below < node.count && node.highs[below] == key.high && node.rests[below] < key.rest) {
    ++below;
  }
  return below;
}

template <typename Rest, typename Value>
typename OrderedTable<Rest, Value>::Place OrderedTable<Rest, Value>::locate(const Key& key) const {
  Place place;
  if (branches_.empty()) {
    return place;
  }
  const auto above = std::upper_bound(firsts_.begin() + 1, firsts_.end(), key);
  place.branch = static_cast<std::size_t>(above - firsts_.begin()) - 1;
  const Branch& branch = *branches_[place.branch];
  std::size_t index = count_below(branch, key);
  const bool is_separator =
      index < branch.count && branch.highs[index] == key.high && branch.rests[index] == key.rest;
  place.leaf = is_separator || index == 0 ? index : index - 1;
  const Leaf& leaf = *branch.leaves[place.leaf];
  constexpr std::size_t kLine = 64 / sizeof(std::uint64_t);
  for (std::size_t i = 0; i < kLeaf; i += kLine) {
    __builtin_prefetch(&leaf.highs[i]);
  }
  place.slot = count_below(leaf, key);
  place.found = place.slot < leaf.count && leaf.highs[place.slot] == key.high &&
                leaf.rests[place.slot] == key.rest;
  return place;
}

template <typename Rest, typename Value>
bool OrderedTable<Rest, Value>::settle(Place& place) const {
  while (place.branch < branches_.size()) {
    const Branch& branch = *branches_[place.branch];
    if (place.leaf < branch.count && place.slot < branch.leaves[place.leaf]->count) {
      return true;
    }
    place.slot = 0;
    if (++place.leaf >= branch.count) {
      place.leaf = 0;
      ++place.branch;
    }
  }
  return false;
}

template <typename Rest, typename Value>
template <typename Array>
void OrderedTable<Rest, Value>::move_array(Array& from, std::size_t first, std::size_t last,
                                           Array& to, std::size_t at) {
  auto* const begin = from.data() + first;
  auto* const end = from.data() + last;
  auto* const target = to.data() + at;
  if (&from == &to && at > first) {
    std::move_backward(begin, end, target + (last - first));
  } else {
    std::move(begin, end, target);
  }
}

template <typename Rest, typename Value>
template <typename Node>
void OrderedTable<Rest, Value>::move_keys(Node& from, std::size_t first, std::size_t last, Node& to,
                                          std::size_t at) {
  move_array(from.highs, first, last, to.highs, at);
  move_array(from.rests, first, last, to.rests, at);
}

template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::insert(Place place, const Key& key, const Value& value) {
  if (branches_.empty()) {
    auto branch = std::make_unique<Branch>();
    branch->highs[0] = key.high;
    branch->rests[0] = key.rest;
    branch->leaves[0] = make_leaf();
    branch->count = 1;
    firsts_.push_back(key);
    branches_.push_back(std::move(branch));
    count_bytes();
  }
  if (leaf_at(place).count == kLeaf) {
    split_leaf(place, key);
  }
  Leaf& leaf = leaf_at(place);
  move_slots(leaf, place.slot, leaf.count, leaf, place.slot + 1);
  leaf.highs[place.slot] = key.high;
  leaf.rests[place.slot] = key.rest;
  leaf.values[place.slot] = value;
  ++leaf.count;
  ++size_;
  if (place.slot == 0 && place.leaf == 0) {
    // Only the first leaf of a branch, and the first branch, can get a key below their separators.
    Branch& branch = *branches_[place.branch];
    if (key < Key{branch.highs[0], branch.rests[0]}) {
      branch.highs[0] = key.high;
      branch.rests[0] = key.rest;
    }
    firsts_[place.branch] = std::min(firsts_[place.branch], key);
  }
}

/// Makes room for a key: the place is then that of the key.
template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::split_leaf(Place& place, const Key& key) {
  if (branches_[place.branch]->count == kBranch) {
    split_branch(place);
  }
  Branch& branch = *branches_[place.branch];
  Leaf& full = *branch.leaves[place.leaf];
  // Who appends goes on to append: the full leaf stays full.
  const std::size_t cut = place.slot == kLeaf ? kLeaf : kLeaf / 2;
  std::unique_ptr<Leaf> made = make_leaf();
  move_slots(full, cut, kLeaf, *made, 0);
  made->count = kLeaf - cut;
  full.count = cut;
  const std::size_t at = place.leaf + 1;
  move_slots(branch, at, branch.count, branch, at + 1);
  ++branch.count;
  branch.highs[at] = cut == kLeaf ? key.high : made->highs[0];
  branch.rests[at] = cut == kLeaf ? key.rest : made->rests[0];
  branch.leaves[at] = std::move(made);
  // A key right at the cut goes to the end of the left leaf: it is below the right one's separator.
  if (place.slot > cut || cut == kLeaf) {
    place.leaf = at;
    place.slot -= cut;
  }
  count_bytes();
}

template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::split_branch(Place& place) {
  Branch& full = *branches_[place.branch];
  const std::size_t cut = place.leaf + 1 == kBranch ? kBranch - 1 : kBranch / 2;
  auto made = std::make_unique<Branch>();
  move_slots(full, cut, kBranch, *made, 0);
  made->count = kBranch - cut;
  full.count = cut;
  const auto at = static_cast<std::ptrdiff_t>(place.branch) + 1;
  firsts_.insert(firsts_.begin() + at, Key{made->highs[0], made->rests[0]});
  branches_.insert(branches_.begin() + at, std::move(made));
  if (place.leaf >= cut) {
    ++place.branch;
    place.leaf -= cut;
  }
}

template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::erase(const Place& place) {
  Leaf& leaf = leaf_at(place);
  move_slots(leaf, place.slot + 1, leaf.count, leaf, place.slot);
  --leaf.count;
  --size_;
  if (leaf.count < kLeaf / 4) {
    tidy(place.branch, place.leaf);
  }
}

/// After removals: an empty leaf goes, a small one joins a neighbour; then the same for its branch.
template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::tidy(std::size_t branch, std::size_t leaf) {
  Branch& parent = *branches_[branch];
  if (parent.leaves[leaf]->count == 0) {
    drop_leaf(branch, leaf);
  } else if (leaf == 0 || !merge_leaves(branch, leaf - 1)) {
    if (leaf + 1 < parent.count) {
      merge_leaves(branch, leaf);
    }
  }
  if (parent.count == 0) {
    drop_branch(branch);
  } else if (parent.count < kBranch / 4) {
    if (branch == 0 || !merge_branches(branch - 1)) {
      merge_branches(branch);
    }
  }
  count_bytes();
}

/// Joins a leaf with the next one if both fit with room to spare.
template <typename Rest, typename Value>
bool OrderedTable<Rest, Value>::merge_leaves(std::size_t branch, std::size_t leaf) {
  Branch& parent = *branches_[branch];
  Leaf& left = *parent.leaves[leaf];
  Leaf& right = *parent.leaves[leaf + 1];
  if (left.count + right.count > kLeaf * 3 / 4) {
    return false;
  }
  move_slots(right, 0, right.count, left, left.count);
  left.count += right.count;
  drop_leaf(branch, leaf + 1);
  return true;
}

template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::drop_leaf(std::size_t branch, std::size_t leaf) {
  Branch& parent = *branches_[branch];
  parent.leaves[leaf].reset();
  --leaves_;
  move_slots(parent, leaf + 1, parent.count, parent, leaf);
  --parent.count;
}

template <typename Rest, typename Value>
bool OrderedTable<Rest, Value>::merge_branches(std::size_t branch) {
  if (branch + 1 >= branches_.size()) {
    return false;
  }
  Branch& left = *branches_[branch];
  Branch& right = *branches_[branch + 1];
  if (left.count + right.count > kBranch * 3 / 4) {
    return false;
  }
  move_slots(right, 0, right.count, left, left.count);
  left.count += right.count;
  drop_branch(branch + 1);
  return true;
}

template <typename Rest, typename Value>
void OrderedTable<Rest, Value>::drop_branch(std::size_t branch) {
  const auto at = static_cast<std::ptrdiff_t>(branch);
  branches_.erase(branches_.begin() + at);
  firsts_.erase(firsts_.begin() + at);
  if (branches_.size() < branches_.capacity() / 4) {
    branches_.shrink_to_fit();
    firsts_.shrink_to_fit();
  }
}

template <typename Rest, typename Value>
template <typename Predicate>
bool OrderedTable<Rest, Value>::sweep(Key& from, std::size_t& budget, Predicate&& is_gone) {
  Place place;
  bool more = seek(from, place);
  while (more && budget > 0) {
    Leaf& leaf = leaf_at(place);
    const std::size_t before = leaf.count;
    from = {leaf.highs[before - 1], leaf.rests[before - 1]};
    std::size_t kept = place.slot;
    for (std::size_t i = place.slot; i < before; ++i) {
      if (!is_gone(leaf.values[i])) {
        if (kept != i) {
          leaf.highs[kept] = leaf.highs[i];
          leaf.rests[kept] = leaf.rests[i];
          leaf.values[kept] = leaf.values[i];
        }
        ++kept;
      }
    }
    budget -= std::min(budget, before - place.slot);
    leaf.count = kept;
    size_ -= before - kept;
    if (kept < before && kept < kLeaf / 4) {
      tidy(place.branch, place.leaf);
    }
    // Whatever was joined: what lies behind the last key that was seen comes next.
    more = seek(from, place) && (!place.found || advance(place));
  }
  if (more) {
    from = key_at(place);
  }
  return !more;
}

}  // namespace isthmus::collector
