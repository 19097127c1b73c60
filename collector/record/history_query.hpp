#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "collector/record/history.hpp"
#include "collector/record/sqlite_database.hpp"

namespace isthmus::collector {

/// A SELECT with the values for its question marks.
class HistoryQuery {
 public:
  /// What the history's schema can be asked for by a filter, in the order that `History` promises.
  /// The filter's limit is the caller's work; so are observations with more than one upstream,
  /// which are all let through.
  static HistoryQuery events(const HistoryFilter& filter);
  static HistoryQuery intervals(const HistoryFilter& filter);
  static HistoryQuery observations(const HistoryFilter& filter);

  [[nodiscard]] Result<SqliteStatement> prepare(const SqliteDatabase& database) const;

 private:
  explicit HistoryQuery(std::string select) : text_{std::move(select)} {}

  /// Adds a condition; a '?' in it takes the next value.
  template <typename... T>
  void require(const char* condition, T... values) {
    text_ += values_.empty() && !restricted_ ? " WHERE " : " AND ";
    restricted_ = true;
    text_ += condition;
    (values_.emplace_back(std::move(values)), ...);
  }
  /// One of these words, which are of our own.
  template <typename T>
  void require_one_of(const char* column, const std::vector<T>& values) {
    std::string list;
    for (const T value : values) {
      (list += list.empty() ? "'" : ", '") += std::string{to_string(value)} + "'";
    }
    require((std::string{column} + " IN (" + list + ")").c_str());
  }
  /// The rest of the query: what stands behind the filter's place, in the order of these columns.
  /// What the columns are compared as may differ from what they are ordered by: an optional column
  /// is coalesced.
  void finish(const HistoryFilter& filter, HistoryPlace::Kind kind,
              const std::vector<std::string_view>& columns);
  /// The prefix and its more specifics: `condition` has '?' for family, length, first and last
  /// address.
  void require_within(const char* condition, const Prefix& prefix);

  std::string text_;
  bool restricted_ = false;
  std::vector<HistoryPlace::Value> values_;
};

/// Microseconds since 1970, as stored.
inline std::int64_t stored(TimePoint time) {
  return time.time_since_epoch().count();
}

}  // namespace isthmus::collector
