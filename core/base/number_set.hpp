#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>

namespace isthmus {

/// Numbers [first, end).
struct NumberRange {
  std::uint64_t first = 0;
  std::uint64_t end = 0;

  [[nodiscard]] std::uint64_t size() const { return end - first; }
  [[nodiscard]] bool empty() const { return first == end; }
  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

/// A set of numbers that mostly come in runs, kept as the runs: what has been delivered, or stored.
/// 2^64 - 1 cannot be in it.
class NumberSet {
 public:
  /// Adds a range; returns how many of its numbers were new.
  std::uint64_t add(NumberRange range) {
    if (range.empty()) {
      return 0;
    }
    std::uint64_t had = 0;
    auto next = ranges_.upper_bound(range.first);
    if (next != ranges_.begin() && std::prev(next)->second >= range.first) {
      --next;
    }
    NumberRange joined = range;
    while (next != ranges_.end() && next->first <= range.end) {
      had += overlap(range, {next->first, next->second});
      joined.first = next->first < joined.first ? next->first : joined.first;
      joined.end = next->second > joined.end ? next->second : joined.end;
      next = ranges_.erase(next);
    }
    ranges_.emplace(joined.first, joined.end);
    return range.size() - had;
  }
  /// Adds one number; returns whether it was new.
  bool add(std::uint64_t number) { return add({number, number + 1}) == 1; }

  [[nodiscard]] bool contains(std::uint64_t number) const {
    const auto next = ranges_.upper_bound(number);
    return next != ranges_.begin() && std::prev(next)->second > number;
  }
  /// How many numbers of a range are in the set.
  [[nodiscard]] std::uint64_t count_in(NumberRange range) const {
    std::uint64_t count = 0;
    auto each = ranges_.upper_bound(range.first);
    if (each != ranges_.begin()) {
      --each;
    }
    for (; each != ranges_.end() && each->first < range.end; ++each) {
      count += overlap(range, {each->first, each->second});
    }
    return count;
  }
  /// The lowest run of numbers within a range that are not in the set.
  [[nodiscard]] std::optional<NumberRange> first_gap(NumberRange within) const {
    std::uint64_t from = within.first;
    auto next = ranges_.upper_bound(from);
    if (next != ranges_.begin() && std::prev(next)->second > from) {
      from = std::prev(next)->second;
    }
    if (from >= within.end) {
      return std::nullopt;
    }
    const bool bounded = next != ranges_.end() && next->first < within.end;
    return NumberRange{from, bounded ? next->first : within.end};
  }
  /// The highest run of numbers within a range that are not in the set.
  [[nodiscard]] std::optional<NumberRange> last_gap(NumberRange within) const {
    std::uint64_t end = within.end;
    auto next = ranges_.lower_bound(end);
    std::uint64_t first = within.first;
    while (next != ranges_.begin() && end > within.first) {
      const auto before = std::prev(next);
      if (before->second < end) {
        first = before->second > within.first ? before->second : within.first;
        break;
      }
      end = before->first;
      next = before;
    }
    if (end <= within.first) {
      return std::nullopt;
    }
    return NumberRange{first, end};
  }

  /// How many runs there are: what the set takes of memory.
  [[nodiscard]] std::size_t runs() const { return ranges_.size(); }
  /// The runs, ascending: pairs of first and end.
  [[nodiscard]] const std::map<std::uint64_t, std::uint64_t>& ranges() const { return ranges_; }
  friend bool operator==(const NumberSet&, const NumberSet&) = default;

 private:
  static std::uint64_t overlap(NumberRange left, NumberRange right) {
    const std::uint64_t first = left.first > right.first ? left.first : right.first;
    const std::uint64_t end = left.end < right.end ? left.end : right.end;
    return end > first ? end - first : 0;
  }

  std::map<std::uint64_t, std::uint64_t> ranges_;
};

}  // namespace isthmus
