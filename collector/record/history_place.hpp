#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus::collector {

/// Where a row stands in the order of its query, so that the next page can begin behind it: the
/// values that the query is ordered by. It stays good whatever is stored in between.
struct HistoryPlace {
  using Value = std::variant<std::int64_t, std::string, std::array<std::byte, 16>>;

  enum class Kind : char { Event = 'e', Interval = 'r', Observation = 'o' };

  Kind kind = Kind::Event;
  std::vector<Value> values;
  friend bool operator==(const HistoryPlace&, const HistoryPlace&) = default;
};

HistoryPlace place_of(const Event& event);
HistoryPlace place_of(const RouteInterval& interval);
HistoryPlace place_of(const Observation& observation);

/// A place as one word of letters, digits, '-' and '_' (base64url, RFC 4648 section 5).
std::string to_cursor(const HistoryPlace& place);
/// Reads it back; nothing if it is no cursor, or one of another kind of row.
std::optional<HistoryPlace> parse_cursor(std::string_view text, HistoryPlace::Kind kind);

}  // namespace isthmus::collector
