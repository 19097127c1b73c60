#include "collector/publish/alert.hpp"

#include <algorithm>
#include <array>

namespace isthmus::collector {
namespace {

/// Changes that stand as they are: nobody will say that they ended.
constexpr Duration kMomentary = std::chrono::hours{1};
constexpr Duration kLasting = std::chrono::hours{24};

bool about_prefixes(EventType type) {
  return type == EventType::PrefixMoved || type == EventType::OriginChange ||
         type == EventType::SuspectedLeak || type == EventType::SuspectedHijack;
}

std::string prefix_list(const Event& event) {
  constexpr std::size_t kNamed = 8;
  std::vector<std::string> names;
  for (const PrefixChange& change : event.prefixes) {
    names.push_back(change.prefix.to_string());
  }
  std::sort(names.begin(), names.end());
  if (names.size() > kNamed) {
    return std::to_string(names.size()) + " prefixes from " + names.front();
  }
  std::string text;
  for (const std::string& name : names) {
    text += (text.empty() ? "" : ",") + name;
  }
  return text;
}

}  // namespace

std::string alert_name(EventType type) {
  std::string name = "Isthmus";
  bool upper = true;
  for (const char each : to_string(type)) {
    if (each == '_') {
      upper = true;
      continue;
    }
    name += upper && each >= 'a' && each <= 'z' ? static_cast<char>(each - 'a' + 'A') : each;
    upper = false;
  }
  return name;
}

AlertLabels alert_identity(const Event& event) {
  AlertLabels labels{{"alertname", alert_name(event.type)},
                     {"family", std::string{to_string(event.family)}}};
  if (about_prefixes(event.type) && !event.prefixes.empty()) {
    labels.emplace_back("prefixes", prefix_list(event));
  }
  labels.emplace_back("target", event.target);
  if (event.upstream) {
    labels.emplace_back("upstream_asn", std::to_string(event.upstream->value));
  }
  return labels;
}

std::string alert_key(const Event& event) {
  std::string key;
  for (const auto& [name, value] : alert_identity(event)) {
    ((((key += name) += '=') += value) += '\n');
  }
  return key;
}

std::optional<Duration> alert_lifetime(EventType type) {
  switch (type) {
    case EventType::UpstreamNew:
    case EventType::UpstreamLost:
    case EventType::TargetUnreachable:
    case EventType::CoverageLow:
      return std::nullopt;
    case EventType::UpstreamWithdrawn:
    case EventType::UpstreamFlapping:
    case EventType::OriginChange:
    case EventType::SuspectedLeak:
    case EventType::SuspectedHijack:
      return kLasting;
    default:
      return kMomentary;
  }
}

std::vector<EventType> alerts_ended_by(EventType type) {
  using enum EventType;
  switch (type) {
    case UpstreamWithdrawn:
    case UpstreamLost:
      return {UpstreamNew, UpstreamReturned, UpstreamInserted};
    case UpstreamEstablished:
      return {UpstreamNew};
    case UpstreamNew:
    case UpstreamDiscovered:
    case UpstreamReturned:
      return {UpstreamWithdrawn, UpstreamLost};
    case TargetReachable:
      return {TargetUnreachable, PropagationLoss};
    case CoverageOk:
      return {CoverageLow};
    default:
      return {};
  }
}

bool is_alert(EventType type) {
  constexpr std::array kNone{EventType::UpstreamCandidate,
                             EventType::UpstreamProbable,
                             EventType::UpstreamDiscovered,
                             EventType::UpstreamEstablished,
                             EventType::TargetReachable,
                             EventType::CoverageOk,
                             EventType::Amended,
                             EventType::Dismissed};
  return std::find(kNone.begin(), kNone.end(), type) == kNone.end();
}

}  // namespace isthmus::collector
