#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace isthmus {

/// The fewest insertions, deletions, replacements and swaps of neighbours that turn one text into
/// the other (optimal string alignment, in bytes). Texts longer than 64 bytes are compared by their
/// first 64 only, so that a hostile key costs no time.
std::size_t text_distance(std::string_view left, std::string_view right);

/// The candidate that was most likely meant: the one at the least distance, if that is at most a
/// third of the longer text (and at least one slip is always forgiven, where anything is left in
/// common). Of equals the first wins.
std::optional<std::string> nearest_text(std::string_view text,
                                        std::span<const std::string> candidates);

}  // namespace isthmus
