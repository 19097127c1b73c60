#include <algorithm>
#include <tuple>

#include "core/route/event.hpp"
#include "core/route/observation.hpp"

namespace isthmus {
namespace {

constexpr std::array<std::string_view, kEventTypes> kTypeNames{"upstream_candidate",
                                                               "upstream_probable",
                                                               "upstream_new",
                                                               "upstream_discovered",
                                                               "upstream_established",
                                                               "upstream_withdrawn",
                                                               "upstream_lost",
                                                               "upstream_returned",
                                                               "upstream_flapping",
                                                               "upstream_inserted",
                                                               "prefix_moved",
                                                               "share_shift",
                                                               "transit_shift",
                                                               "failover",
                                                               "origin_change",
                                                               "suspected_leak",
                                                               "suspected_hijack",
                                                               "propagation_loss",
                                                               "target_unreachable",
                                                               "target_reachable",
                                                               "plane_disagreement",
                                                               "coverage_low",
                                                               "coverage_ok",
                                                               "amended",
                                                               "dismissed"};

constexpr std::array<std::string_view, 4> kSeverityNames{"info", "notice", "warning", "critical"};
constexpr std::array<std::string_view, 5> kGradeNames{"A", "B", "C", "D", "X"};
constexpr std::array<std::string_view, 3> kVerdictNames{"upstream", "unreachable", "inconclusive"};

template <typename E, std::size_t N>
std::string_view name_of(const std::array<std::string_view, N>& names, E value) {
  return names.at(static_cast<std::size_t>(value));
}

template <typename E, std::size_t N>
std::optional<E> value_of(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto* found = std::find(names.begin(), names.end(), text);
  return found == names.end() ? std::nullopt : std::optional{static_cast<E>(found - names.begin())};
}

}  // namespace

std::string_view to_string(EventType type) {
  return name_of(kTypeNames, type);
}
std::optional<EventType> parse_event_type(std::string_view text) {
  return value_of<EventType>(kTypeNames, text);
}
std::string_view to_string(Severity severity) {
  return name_of(kSeverityNames, severity);
}
std::optional<Severity> parse_severity(std::string_view text) {
  return value_of<Severity>(kSeverityNames, text);
}
std::string_view to_string(Grade grade) {
  return name_of(kGradeNames, grade);
}
std::string_view to_string(Verdict verdict) {
  return name_of(kVerdictNames, verdict);
}

bool precedes(const Event& left, const Event& right) {
  const auto key = [](const Event& event) {
    return std::tie(event.time, event.target, event.type, event.upstream, event.id);
  };
  return key(left) < key(right);
}

}  // namespace isthmus
