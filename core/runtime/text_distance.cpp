#include "core/runtime/text_distance.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace isthmus {
namespace {

constexpr std::size_t kLongest = 64;

}  // namespace

std::size_t text_distance(std::string_view left, std::string_view right) {
  left = left.substr(0, kLongest);
  right = right.substr(0, kLongest);
  std::array<std::size_t, kLongest + 1> before{};  // two rows up: a swap reaches back so far
  std::array<std::size_t, kLongest + 1> above{};
  std::array<std::size_t, kLongest + 1> row{};
  for (std::size_t j = 0; j <= right.size(); ++j) {
    row[j] = j;
  }
  for (std::size_t i = 1; i <= left.size(); ++i) {
    before = above;
    above = row;
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (left[i - 1] == right[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[right.size()];
}

std::optional<std::string> nearest_text(std::string_view text,
                                        std::span<const std::string> candidates) {
  std::optional<std::string> best;
  std::size_t least = kLongest + 1;
  for (const std::string& each : candidates) {
    const std::size_t distance = text_distance(text, each);
    const std::size_t longer = std::max(text.size(), each.size());
    const std::size_t allowed = std::max<std::size_t>(1, longer / 3);
    if (distance <= allowed && distance < longer && distance < least) {
      least = distance;
      best = each;
    }
  }
  return best;
}

}  // namespace isthmus
