#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/publish/problem.hpp"
#include "collector/record/history.hpp"
#include "core/runtime/http.hpp"

namespace isthmus::collector {

/// Reads the parameters of a request and remembers the first mistake: a value that cannot be read,
/// a name that stands twice, or (asked at the end) one that nobody asked for.
class ApiQuery {
 public:
  explicit ApiQuery(const HttpRequest& request);

  std::optional<std::string> text(std::string_view name);
  std::optional<std::string> needed_text(std::string_view name);
  /// One of these words.
  std::optional<std::string> word(std::string_view name,
                                  std::initializer_list<std::string_view> allowed);
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t min, std::uint64_t max);
  std::optional<TimePoint> time(std::string_view name);
  std::optional<Prefix> prefix(std::string_view name);
  std::optional<Asn> asn(std::string_view name);
  std::optional<Family> family(std::string_view name);
  std::optional<Plane> plane(std::string_view name);
  std::optional<Severity> severity(std::string_view name);
  /// Event types with commas between.
  std::vector<EventType> event_types(std::string_view name);
  std::optional<HistoryPlace> cursor(HistoryPlace::Kind kind);

  /// `target`, `prefix`, `upstream`, `from` and `until`.
  HistoryFilter filter();

  void complain(std::string_view field, std::string detail);
  /// The first mistake; to be asked when every parameter has been.
  [[nodiscard]] std::optional<Problem> problem();

 private:
  template <typename T, typename Read>
  std::optional<T> parsed(std::string_view name, std::string_view expected, const Read& read);

  std::vector<std::pair<std::string, std::string>> fields_;
  std::set<std::string, std::less<>> asked_;
  std::optional<Problem> problem_;
};

}  // namespace isthmus::collector
