#include "collector/detect/upstream_record.hpp"

#include <algorithm>
#include <cmath>

namespace isthmus::collector {
namespace {

constexpr double kCap = 4.0;
constexpr double kCapOnlyC = 1.4;
constexpr std::size_t kMostAddresses = 8;

double lambda(Grade grade) {
  switch (grade) {
    case Grade::A:
      return 3.0;
    case Grade::B:
      return 2.0;
    case Grade::C:
      return 0.7;
    default:
      return 0;
  }
}

bool names(const Observation& observation, Asn asn) {
  return std::find(observation.upstreams.begin(), observation.upstreams.end(), asn) !=
         observation.upstreams.end();
}

bool has_reason(const Observation& observation, std::string_view reason) {
  return std::find(observation.reasons.begin(), observation.reasons.end(), reason) !=
         observation.reasons.end();
}

}  // namespace

double weight_at(const GroupWeight& weight, TimePoint now, const DetectorSettings& settings) {
  const double age = to_seconds(now - weight.at) / to_seconds(settings.half_life);
  return age <= 0 ? weight.nats : weight.nats * std::exp2(-age);
}

bool is_weighed(const UpstreamRecord& record, const Observation& observation) {
  if (record.told_gone_at && observation.time <= *record.told_gone_at) {
    return false;
  }
  if (names(observation, record.asn)) {
    return true;
  }
  const auto group = record.weights.find(observation.vantage.asn);
  return group != record.weights.end() && group->second.prefixes.contains(observation.prefix);
}

void weigh(UpstreamRecord& record, const Observation& observation,
           const DetectorSettings& settings) {
  if (!is_weighed(record, observation)) {
    return;
  }
  GroupWeight& weight = record.weights[observation.vantage.asn];
  weight.nats = weight_at(weight, observation.time, settings);
  weight.at = observation.time;
  if (!names(observation, record.asn)) {
    if (observation.grade <= Grade::B) {
      weight.nats = std::max(0.0, weight.nats - 1.0);
    }
    return;
  }
  weight.only_grade_c = weight.only_grade_c && observation.grade > Grade::B;
  const double part = 1.0 / static_cast<double>(observation.upstreams.size());
  weight.nats = std::min(weight.only_grade_c ? kCapOnlyC : kCap,
                         weight.nats + lambda(observation.grade) * part);
  weight.prefixes.insert(observation.prefix);
  if (observation.grade > Grade::C) {
    return;
  }
  weight.named_at = observation.time;
  weight.behind_known = has_reason(observation, "behind_known");
  weight.other_host =
      has_reason(observation, "other_host") || has_reason(observation, "rtt_too_short");
  weight.rtt_shift = has_reason(observation, "rtt_shift");
  if (observation.trace) {
    for (const IpAddress& address : observation.trace->upstream_addresses) {
      if (weight.addresses.size() < kMostAddresses) {
        weight.addresses.insert(address);
      }
    }
  }
}

}  // namespace isthmus::collector
